// Structs to bytes and back, for a file that the very same program reads again. Fields in the order in which
// base/fields.h has them; numbers little-endian; u32 lengths before texts, lists and maps; a byte before what
// may be absent; a shared object where it is met first, its u32 number (0: null) there and wherever it is met
// again. Whatever the bytes are, reading them is defined and takes memory in proportion to them.
// Unaware of: what is kept, files, checksums.
#pragma once

#include <algorithm>
#include <any>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/fields.h"

namespace devtask {

static_assert(std::endian::native == std::endian::little, "the formats of devtask are little-endian");

template <class T>
concept PlainNumber = (std::is_integral_v<T> && !std::same_as<T, bool>) || std::is_enum_v<T>;

template <class T>
concept MapLike = requires {
  typename T::mapped_type;
};

class ArchiveWriter {
 public:
  const std::string& bytes() const { return bytes_; }

  template <PlainNumber T>
  void put(T number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  template <std::same_as<bool> T>
  void put(T flag) {
    put(static_cast<std::uint8_t>(flag));
  }
  void put(std::chrono::milliseconds time) { put(time.count()); }
  void put(const std::string& text) {
    put_count(text.size());
    bytes_ += text;
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put_count(list.size());
    for (const T& element : list) put(element);
  }
  template <MapLike Map>
  void put(const Map& map) {
    put_count(map.size());
    for (const auto& [key, value] : map) {
      put(key);
      put(value);
    }
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::shared_ptr<const T>& object) {
    if (object == nullptr) return put_count(0);
    const auto [known, added] = numbers_.try_emplace(object.get(), numbers_.size() + 1);
    put_count(known->second);
    if (added) put(*object);
  }
  template <HasFields T>
  void put(const T& object) {
    std::apply([this](const auto&... each) { (this->put(each), ...); }, fields(object));
  }

 private:
  void put_count(std::size_t count) { put(static_cast<std::uint32_t>(count)); }

  std::string bytes_;
  std::unordered_map<const void*, std::size_t> numbers_;  // of shared objects
};

class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : rest_(bytes) {}

  bool good() const { return good_; }                       // nothing was wrong so far
  bool complete() const { return good_ && rest_.empty(); }  // and that was all

  // After something was wrong the values are left as they are.
  template <PlainNumber T>
  void get(T& number) {
    if (const std::string_view bytes = take(sizeof number); good_) {
      std::memcpy(&number, bytes.data(), sizeof number);
    }
  }
  void get(bool& flag) {
    std::uint8_t byte = 0;
    get(byte);
    flag = byte == 1;
    good_ = good_ && byte <= 1;
  }
  void get(std::chrono::milliseconds& time) {
    std::chrono::milliseconds::rep count = 0;
    get(count);
    time = std::chrono::milliseconds(count);
  }
  void get(std::string& text) { text = take(get_count()); }
  template <class T>
  void get(std::vector<T>& list) {
    const std::size_t count = get_count();
    list.reserve(std::min(count, rest_.size() * kMostGrowth / sizeof(T)));
    while (good_ && list.size() < count) get(list.emplace_back());
  }
  template <MapLike Map>
  void get(Map& map) {
    std::size_t count = get_count();
    if constexpr (requires { map.reserve(count); }) map.reserve(std::min(count, rest_.size()));
    for (; good_ && count > 0; --count) {
      std::pair<typename Map::key_type, typename Map::mapped_type> entry;
      get(entry.first);
      get(entry.second);
      map.insert(map.end(), std::move(entry));
    }
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    if (there) get(value.emplace());
  }
  template <class T>
  void get(std::shared_ptr<const T>& object) {
    const std::size_t number = get_count();
    if (number == 0) return;
    if (number <= shared_.size()) {
      const auto* known = std::any_cast<std::shared_ptr<const T>>(&shared_[number - 1]);
      if (known != nullptr) object = *known;
      good_ = good_ && known != nullptr;
    } else if (number == shared_.size() + 1) {
      const auto made = std::make_shared<T>();
      object = made;
      shared_.emplace_back(object);
      get(*made);
    } else {
      good_ = false;
    }
  }
  template <HasFields T>
  void get(T& object) {
    std::apply([this](auto&... each) { (this->get(each), ...); }, fields(object));
  }

 private:
  static constexpr std::size_t kMostGrowth = 16;  // bytes in memory for each byte of the archive

  std::size_t get_count() {
    std::uint32_t count = 0;
    get(count);
    return count;
  }
  std::string_view take(std::size_t length) {
    good_ = good_ && length <= rest_.size();
    if (!good_) return {};
    const std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }

  std::string_view rest_;
  bool good_ = true;
  std::vector<std::any> shared_;
};

}  // namespace devtask
