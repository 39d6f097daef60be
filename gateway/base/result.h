#pragma once

// Result<T> is what every operation that can fail for an outside reason returns. It has the member
// names of std::expected, so that it can be replaced by it once the compilers in use have it.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace sallyport {

// Fault says whose fault a failure is; it decides who is told and with which words.
enum class Fault : std::uint8_t { client, upstream, dependency, gateway };

// Error describes a failure of the world for the operator. It is logged, never sent to a client.
struct Error {
  Fault fault = Fault::gateway;
  std::string text;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return error_; }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace sallyport
