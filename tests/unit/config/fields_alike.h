// Looks at everything below a struct that base/fields.h knows: whether two are the same, and which fields of
// which struct have been given a value at all.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "base/fields.h"

namespace devtask {

// Compares two values. Objects that are shared in one must be shared in the other.
class Comparison {
 public:
  template <class T>
  requires(!HasFields<T>) bool same(const T& a, const T& b) { return a == b; }
  template <HasFields T>
  bool same(const T& a, const T& b) {
    return same_tuples(fields(a), fields(b),
                       std::make_index_sequence<std::tuple_size_v<decltype(fields(a))>>());
  }
  template <class T>
  bool same(const std::vector<T>& a, const std::vector<T>& b) {
    bool all = a.size() == b.size();
    for (std::size_t i = 0; all && i < a.size(); ++i) all = same(a[i], b[i]);
    return all;
  }
  template <class K, class V>
  bool same(const std::map<K, V>& a, const std::map<K, V>& b) {
    bool all = a.size() == b.size();
    for (auto i = a.begin(), k = b.begin(); all && i != a.end(); ++i, ++k) {
      all = i->first == k->first && same(i->second, k->second);
    }
    return all;
  }
  template <class T>
  bool same(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  }
  template <class T>
  bool same(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
    if (a == nullptr || b == nullptr) return a == b;
    const auto [there, added] = partners_.try_emplace(a.get(), b.get());
    const auto [back, new_back] = partners_.try_emplace(b.get(), a.get());
    if (there->second != b.get() || back->second != a.get()) return false;
    return !added || same(*a, *b);
  }

 private:
  template <class Tuple, std::size_t... I>
  bool same_tuples(const Tuple& a, const Tuple& b, std::index_sequence<I...>) {
    return (same(std::get<I>(a), std::get<I>(b)) && ...);
  }

  std::map<const void*, const void*> partners_;
};

template <class T>
bool same_everywhere(const T& a, const T& b) {
  return Comparison().same(a, b);
}

// Notes, for each struct met, the fields that have another value than in a new one.
class Census {
 public:
  template <class T>
  requires(!HasFields<T>) void meet(const T&) {}
  template <HasFields T>
  void meet(const T& object) {
    const T fresh{};
    std::size_t number = 0;
    const auto fresh_fields = fields(fresh);
    std::apply(
        [&](const auto&... field) {
          std::apply([&](const auto&... other) { (note<T>(number++, field, other), ...); }, fresh_fields);
        },
        fields(object));
  }
  template <class T>
  void meet(const std::vector<T>& list) {
    for (const T& element : list) meet(element);
  }
  template <class K, class V>
  void meet(const std::map<K, V>& map) {
    for (const auto& [key, value] : map) meet(value);
  }
  template <class T>
  void meet(const std::optional<T>& value) {
    if (value) meet(*value);
  }
  template <class T>
  void meet(const std::shared_ptr<const T>& object) {
    if (object != nullptr) meet(*object);
  }

  // "5Scope 3" for the fourth field of Scope, if no Scope had it set.
  std::set<std::string> never_set() const {
    std::set<std::string> names;
    for (const auto& [field, set] : set_) {
      if (!set) names.insert(std::string(field.first.name()) + " " + std::to_string(field.second));
    }
    return names;
  }

 private:
  template <class Owner, class T>
  void note(std::size_t number, const T& value, const T& fresh) {
    bool& set = set_[{std::type_index(typeid(Owner)), number}];
    set = set || !same_everywhere(value, fresh);
    meet(value);
  }

  std::map<std::pair<std::type_index, std::size_t>, bool> set_;
};

}  // namespace devtask
