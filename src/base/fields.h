// All fields of a struct as a tuple of references, for code that treats them alike (keeps or compares them):
//
//   DEVTASK_FIELDS(Step, shell, words, where)   // then fields(step) is a tuple of three references
//
// The names stand for the fields in the order of the struct. One too few or too many does not compile.
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>

namespace devtask {

// `T` is `Type`, or const.
template <class T, class Type>
concept Is = std::same_as<std::remove_const_t<T>, Type>;

template <class T>
concept HasFields = requires(T& object) {
  fields(object);
};

}  // namespace devtask

#define DEVTASK_FIELDS_AS(kind, Type, ...)  \
  template <::devtask::Is<Type> FieldOwner> \
  kind fields(FieldOwner& field_owner) {    \
    auto& [__VA_ARGS__] = field_owner;      \
    return std::tie(__VA_ARGS__);           \
  }

#define DEVTASK_FIELDS(Type, ...) DEVTASK_FIELDS_AS(auto, Type, __VA_ARGS__)
// In the class itself, whose fields are private.
#define DEVTASK_PRIVATE_FIELDS(Type, ...) DEVTASK_FIELDS_AS(friend auto, Type, __VA_ARGS__)
