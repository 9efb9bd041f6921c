// What a classifier is: fit on a table of measures, freeze thresholds, classify; and how a host plugs its own in.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/error.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// Frozen thresholds: classifies any table that has the measures, on any day, always the same way: the class of a row
/// depends on that row alone. A model may also have inputs() and outputs(), as classifiers. Immutable and thread-safe.
template <class M>
concept ClassifierModel = std::copy_constructible<M> &&
    requires(const M& model, const Table& table, const Control& control) {
  { model.name() } -> std::convertible_to<std::string>;
  { model.kind() } -> std::convertible_to<std::string>;
  /// \throws Error not_found naming a column that the model needs and the table lacks; cancelled
  { model.classify(table, control) } -> std::same_as<Classification>;
  /// A JSON object that the loader of this kind reads back.
  { model.to_json() } -> std::convertible_to<std::string>;
};

/// A way to classify with its options: learns thresholds from a table whose first column is `client`, rows in canonical
/// client order. A classifier may also have inputs(), the columns that it reads, and outputs(), those that it writes,
/// both convertible to std::vector<std::string>: with inputs() a history needs one pass, with outputs() a policy is
/// refused in which two classifiers write one column. Immutable and thread-safe; a history and a run call a host's own
/// on the thread that called them.
template <class C>
concept Classifier = std::copy_constructible<C> &&
    requires(const C& classifier, const Table& table, const Control& control) {
  { classifier.name() } -> std::convertible_to<std::string>;
  { classifier.kind() } -> std::convertible_to<std::string>;
  { classifier.fit(table, control) } -> ClassifierModel;
  /// Its options as a JSON object, "kind" included; the factory of this kind reads it back.
  { classifier.to_json() } -> std::convertible_to<std::string>;
};

/// Any model behind one type. Copying shares. Never empty unless moved from.
class AnyModel {
 public:
  template <class M>
  // NOLINTNEXTLINE(google-explicit-constructor): converts freely
  requires(!std::same_as<M, AnyModel> && ClassifierModel<M>) AnyModel(M model)
      : self_(std::make_shared<const Holder<M>>(std::move(model))) {}

  [[nodiscard]] std::string name() const { return self_->name(); }
  [[nodiscard]] std::string kind() const { return self_->kind(); }
  /// Columns that it reads, where the model says so; those that may be absent included.
  [[nodiscard]] std::vector<std::string> inputs() const { return self_->inputs(); }
  /// Columns that it writes, where the model says so.
  [[nodiscard]] std::vector<std::string> outputs() const { return self_->outputs(); }
  /// \throws Error as the model does; an exception that is no Error, a result of the wrong length, a label code out of
  ///         range and a NaN that is not null become an Error internal that names the classifier
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  /// {"name": ..., "kind": ..., "model": {...}}: what ClassifierRegistry::model_from_json reads.
  [[nodiscard]] std::string to_json() const;
  /// The held model if it is an M, else null. Lives as long as this or a copy.
  template <class M>
  [[nodiscard]] const M* get_if() const noexcept {
    const auto* holder = dynamic_cast<const Holder<M>*>(self_.get());
    return holder ? &holder->model : nullptr;
  }

 private:
  struct Base {
    virtual ~Base() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::string kind() const = 0;
    [[nodiscard]] virtual std::vector<std::string> inputs() const = 0;
    [[nodiscard]] virtual std::vector<std::string> outputs() const = 0;
    [[nodiscard]] virtual Classification classify(const Table& table, const Control& control) const = 0;
    [[nodiscard]] virtual std::string to_json() const = 0;
  };
  template <class M>
  struct Holder final : Base {
    explicit Holder(M held) : model(std::move(held)) {}
    [[nodiscard]] std::string name() const override { return model.name(); }
    [[nodiscard]] std::string kind() const override { return model.kind(); }
    [[nodiscard]] std::vector<std::string> inputs() const override {
      if constexpr (requires {
                      { model.inputs() } -> std::convertible_to<std::vector<std::string>>;
                    })
        return model.inputs();
      else
        return {};
    }
    [[nodiscard]] std::vector<std::string> outputs() const override {
      if constexpr (requires {
                      { model.outputs() } -> std::convertible_to<std::vector<std::string>>;
                    })
        return model.outputs();
      else
        return {};
    }
    [[nodiscard]] Classification classify(const Table& table, const Control& control) const override {
      return model.classify(table, control);
    }
    [[nodiscard]] std::string to_json() const override { return model.to_json(); }
    M model;
  };
  std::shared_ptr<const Base> self_;
};

/// Any classifier behind one type. Copying shares. Never empty unless moved from.
class AnyClassifier {
 public:
  template <class C>  // the cheap condition first: asking whether AnyClassifier itself is a Classifier has no end
  requires(!std::same_as<C, AnyClassifier> && Classifier<C>) AnyClassifier(C classifier)  // NOLINT: converts freely
      : self_(std::make_shared<const Holder<C>>(std::move(classifier))) {}

  [[nodiscard]] std::string name() const { return self_->name(); }
  [[nodiscard]] std::string kind() const { return self_->kind(); }
  /// Columns that it reads, where the classifier says so; those that may be absent included.
  [[nodiscard]] std::vector<std::string> inputs() const { return self_->inputs(); }
  /// Columns that it writes: of the library's own kinds, and where a host's classifier says so.
  [[nodiscard]] std::vector<std::string> outputs() const;
  /// \throws Error as the classifier does; an exception that is no Error becomes an Error internal that names it
  [[nodiscard]] AnyModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const { return self_->to_json(); }
  template <class C>
  [[nodiscard]] const C* get_if() const noexcept {
    const auto* holder = dynamic_cast<const Holder<C>*>(self_.get());
    return holder ? &holder->classifier : nullptr;
  }

 private:
  struct Base {
    virtual ~Base() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::string kind() const = 0;
    [[nodiscard]] virtual std::vector<std::string> inputs() const = 0;
    [[nodiscard]] virtual std::vector<std::string> outputs() const = 0;
    [[nodiscard]] virtual AnyModel fit(const Table& table, const Control& control) const = 0;
    [[nodiscard]] virtual std::string to_json() const = 0;
  };
  template <class C>
  struct Holder final : Base {
    explicit Holder(C held) : classifier(std::move(held)) {}
    [[nodiscard]] std::string name() const override { return classifier.name(); }
    [[nodiscard]] std::string kind() const override { return classifier.kind(); }
    [[nodiscard]] std::vector<std::string> inputs() const override {
      if constexpr (requires {
                      { classifier.inputs() } -> std::convertible_to<std::vector<std::string>>;
                    })
        return classifier.inputs();
      else
        return {};
    }
    [[nodiscard]] std::vector<std::string> outputs() const override {
      if constexpr (requires {
                      { classifier.outputs() } -> std::convertible_to<std::vector<std::string>>;
                    })
        return classifier.outputs();
      else
        return {};
    }
    [[nodiscard]] AnyModel fit(const Table& table, const Control& control) const override {
      return classifier.fit(table, control);
    }
    [[nodiscard]] std::string to_json() const override { return classifier.to_json(); }
    C classifier;
  };
  std::shared_ptr<const Base> self_;
};

/// How one kind of classifier is made from a policy and its models from a file.
struct ClassifierKind {
  /// \param name     the classifier's name in the policy
  /// \param options  its JSON object as text, "kind" included
  /// \param pointer  JSON pointer of that object, for errors
  /// \throws Error bad_policy whose where() is a JSON pointer
  std::function<AnyClassifier(const std::string& name, std::string_view options, const std::string& pointer)> make;
  /// \param model  the model's own JSON object as text (what M::to_json wrote). Empty function: models of this kind
  ///               cannot be loaded.
  /// \throws Error bad_policy whose where() is a JSON pointer
  std::function<AnyModel(const std::string& name, std::string_view model, const std::string& pointer)> load;
  /// JSON Schema of the options object; empty: any object with this "kind".
  std::string schema;
};

/// The kinds of classifiers that a policy can name. A plain value: a host makes one, adds its own kinds and hands it to
/// whatever reads policies. Reading is thread-safe.
class ClassifierRegistry {
 public:
  /// Knows every kind that this stage has: rfm, abc, matrix, xyz, tiers, lifecycle, ideal_client, cohort, rules,
  /// kmeans, gaussian_mixture.
  ClassifierRegistry();
  /// Adds or replaces a kind. \throws Error invalid_argument for an empty name or an empty make
  void add(std::string kind, ClassifierKind how);
  [[nodiscard]] bool has(std::string_view kind) const noexcept { return kinds_.find(kind) != kinds_.end(); }
  /// In byte order.
  [[nodiscard]] std::vector<std::string> kinds() const;
  /// Null if there is none. Lives until the kind is replaced.
  [[nodiscard]] const ClassifierKind* find(std::string_view kind) const noexcept;
  /// \param options  a JSON object with "kind"
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] AnyClassifier make(const std::string& name, std::string_view options,
                                   const std::string& pointer = {}) const;
  /// Reads what AnyModel::to_json wrote. \throws Error bad_policy; unsupported if the kind cannot be loaded
  [[nodiscard]] AnyModel model_from_json(std::string_view json) const;

 private:
  std::map<std::string, ClassifierKind, std::less<>> kinds_;
};

/// The outcome of several classifiers run one after the other.
struct Classified {
  Table table;                                  ///< the features and every classifier's columns
  std::vector<AnyModel> models;                 ///< in the order of the classifiers
  std::vector<Classification> classifications;  ///< the same order
};

/// Fits and applies classifiers in order; each sees the columns of those before it.
/// \throws Error invalid_argument naming a classifier whose columns are already in the table
[[nodiscard]] Classified classify(const Table& features, std::span<const AnyClassifier> classifiers,
                                  const Control& control = {});
/// Applies frozen models in order.
[[nodiscard]] Classified classify(const Table& features, std::span<const AnyModel> models, const Control& control = {});

}  // namespace klientela
