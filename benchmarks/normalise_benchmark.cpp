// One value normalised: names, e-mails, phones and addresses as cards hold them, results used again.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "klientela/dedupe/normalise.hpp"

namespace {

using namespace klientela;

const Normaliser& normaliser() {
  static const Normaliser made([] {
    NormaliserOptions options;
    options.region = "RU";
    return options;
  }());
  return made;
}

template <class Out, class Call>
void run(benchmark::State& state, const std::vector<std::string>& values, const Call& call) {
  (void)normaliser();  // made before the clock runs
  Out out;
  std::size_t i = 0;
  for (auto _ : state) {
    call(values[i], out);
    benchmark::DoNotOptimize(out);
    i = i + 1 == values.size() ? 0 : i + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

const std::vector<std::string> latin{"Katherine", "Robert O'Neill", "Smith-Jones", "Christopher", "van der Berg"};
const std::vector<std::string> cyrillic{"Екатерина", "Щербаков", "Дмитриевич", "Иванова-Петрова", "Александр"};
const std::vector<std::string> accented{"Müller", "José García", "François", "Łukasz", "Åsa Öberg"};
const std::vector<std::string> han{"王小明", "欧阳娜娜", "李伟", "北京字节跳动", "张三丰"};
const std::vector<std::string> other{"Γιώργος", "محمد علي", "さくら", "김철수", "नरेन्द्र"};
const std::vector<std::string> people{"John F. Kennedy", "Ivanov Ivan Ivanovich", "Bob Smith", "Smith, Robert",
                                      "Maria Lopez"};
const std::vector<std::string> people_ru{"Иванов Иван Иванович", "Саша Петрова", "Щербаков И.И.", "Анна Белая"};
const std::vector<std::string> firms{"ООО «Ромашка»", "Acme Industries Ltd.", "Müller GmbH & Co. KG", "АО Альфа-Банк"};
const std::vector<std::string> mails{"john.doe@gmail.com", "ivan.petrov@ya.ru", "Anna.Smith+x@example.co.uk"};
const std::vector<std::string> phones{"+74951234567", "8 (495) 123-45-67", "+1 650 253 0000", "89161234567"};
const std::vector<std::string> hard_phones{"+49 30 123456", "+39 06 1234567"};
const std::vector<std::string> addresses{"123 N Main St Apt 4, Springfield IL 62704",
                                         "ул. Ленина, д. 5, кв. 12, Москва", "Hauptstr. 5a, 10115 Berlin"};

void text(benchmark::State& state, const std::vector<std::string>& values) {
  run<NormalText>(state, values, [](const std::string& v, NormalText& out) { normaliser().text(v, out); });
}
void person(benchmark::State& state, const std::vector<std::string>& values) {
  run<PersonName>(state, values, [](const std::string& v, PersonName& out) { normaliser().person(v, out); });
}
void phone(benchmark::State& state, const std::vector<std::string>& values) {
  run<PhoneNumber>(state, values, [](const std::string& v, PhoneNumber& out) { normaliser().phone(v, out); });
}
void fields(benchmark::State& state) {
  PersonName out;
  for (auto _ : state) {
    normaliser().person("Екатерина", "", "Щербакова", out);
    benchmark::DoNotOptimize(out);
  }
}
void organisation(benchmark::State& state) {
  run<OrganisationName>(state, firms, [](const auto& v, OrganisationName& out) { normaliser().organisation(v, out); });
}
void email(benchmark::State& state) {
  run<EmailAddress>(state, mails, [](const auto& v, EmailAddress& out) { normaliser().email(v, out); });
}
void address(benchmark::State& state) {
  run<PostalAddress>(state, addresses, [](const auto& v, PostalAddress& out) { normaliser().address(v, out); });
}
void build(benchmark::State& state) {
  for (auto _ : state) {
    const Normaliser made;
    benchmark::DoNotOptimize(&made);
  }
}

BENCHMARK_CAPTURE(text, latin, latin);
BENCHMARK_CAPTURE(text, cyrillic, cyrillic);
BENCHMARK_CAPTURE(text, accented, accented);
BENCHMARK_CAPTURE(text, han, han);
BENCHMARK_CAPTURE(text, icu, other);
BENCHMARK_CAPTURE(person, latin, people);
BENCHMARK_CAPTURE(person, cyrillic, people_ru);
BENCHMARK(fields);
BENCHMARK(organisation);
BENCHMARK(email);
BENCHMARK_CAPTURE(phone, plain, phones);
BENCHMARK_CAPTURE(phone, library, hard_phones);
BENCHMARK(address);
BENCHMARK(build)->Unit(benchmark::kMillisecond);

}  // namespace
