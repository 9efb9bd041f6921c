// Registration of the kinds of classifiers beside RFM, ABC and the matrix, and the columns that each writes.
#include "classify/kinds.hpp"

#include "classify/options.hpp"
#include "klientela/classify/clusters.hpp"
#include "klientela/classify/cohorts.hpp"
#include "klientela/classify/ideal_client.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"

namespace klientela::classifying {
namespace {

template <class Classifier, class Model>
ClassifierKind kind_of(std::string schema) {
  return {[](const std::string& name, std::string_view options, const std::string& pointer) {
            return AnyClassifier(Classifier::from_json(options, name, pointer));
          },
          [](const std::string& name, std::string_view model, const std::string& pointer) {
            return AnyModel(Model::from_json(name, model, pointer));
          },
          std::move(schema)};
}

}  // namespace

void add_more_kinds(std::map<std::string, ClassifierKind, std::less<>>& kinds) {
  kinds["xyz"] = kind_of<XyzClassifier, XyzModel>(xyz_schema());
  kinds["tiers"] = kind_of<TierClassifier, TierModel>(tiers_schema());
  kinds["lifecycle"] = kind_of<LifecycleClassifier, LifecycleModel>(lifecycle_schema());
  kinds["ideal_client"] = kind_of<IdealClientClassifier, IdealClientModel>(ideal_client_schema());
  kinds["kmeans"] = kind_of<KMeansClassifier, KMeansModel>(kmeans_schema());
  kinds["gaussian_mixture"] = kind_of<GaussianMixtureClassifier, GaussianMixtureModel>(gaussian_mixture_schema());
  kinds["rules"] = kind_of<RulesClassifier, RulesModel>(rules_schema());
  kinds["cohort"] = kind_of<CohortClassifier, CohortModel>(cohort_schema());
}

namespace {

template <class... Kinds, class Any>
bool is_one_of(const Any& any) noexcept {
  return (... || (any.template get_if<Kinds>() != nullptr));
}

}  // namespace

bool is_own(const AnyClassifier& classifier) noexcept {
  return is_one_of<RfmClassifier, AbcClassifier, MatrixClassifier, XyzClassifier, TierClassifier, LifecycleClassifier,
                   IdealClientClassifier, KMeansClassifier, GaussianMixtureClassifier, RulesClassifier,
                   CohortClassifier>(classifier);
}

bool is_own(const AnyModel& model) noexcept {
  return is_one_of<RfmModel, AbcModel, MatrixModel, XyzModel, TierModel, LifecycleModel, IdealClientModel, KMeansModel,
                   GaussianMixtureModel, RulesModel, CohortModel>(model);
}

std::vector<std::string> own_outputs(const AnyClassifier& classifier) {
  const std::string name = classifier.name();
  if (classifier.get_if<RfmClassifier>() != nullptr) return {name + "_r", name + "_f", name + "_m", name + "_segment"};
  if (classifier.get_if<AbcClassifier>() != nullptr) return {name};
  if (classifier.get_if<MatrixClassifier>() != nullptr) {
    if (name == "matrix") return {"matrix_x", "matrix_y", "cell", "group"};
    return {name + "_x", name + "_y", name + "_cell", name + "_group"};
  }
  if (const auto* xyz = classifier.get_if<XyzClassifier>()) {
    if (xyz->options().cross.empty()) return {name};
    return {name, xyz->options().cross + '_' + name};
  }
  if (classifier.get_if<TierClassifier>() != nullptr) {
    if (name == "tiers") return {"tier", "tier_points"};
    return {name + "_tier", name + "_points"};
  }
  if (classifier.get_if<LifecycleClassifier>() != nullptr) return {name, name + "_overdue", name + "_loss_risk"};
  if (const auto* ideal = classifier.get_if<IdealClientClassifier>()) {
    std::vector<std::string> columns{name, name + "_fit"};
    for (const IdealProfile& profile : ideal->options().profiles) columns.push_back(name + '[' + profile.name + ']');
    return columns;
  }
  if (classifier.get_if<KMeansClassifier>() != nullptr) return {name, name + "_distance"};
  if (classifier.get_if<GaussianMixtureClassifier>() != nullptr) return {name, name + "_probability"};
  if (classifier.get_if<CohortClassifier>() != nullptr) return {name};
  if (classifier.get_if<RulesClassifier>() != nullptr) return {name, name + "_source"};
  return {};
}

}  // namespace klientela::classifying
