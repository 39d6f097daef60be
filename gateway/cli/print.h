#pragma once

// The one way in which the command line prints: texts that a gateway told (claims, names, reasons
// that others chose) reach the terminal only as base/shown_text.h writes them.

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <type_traits>

namespace sallyport::cli {

// Shown is what an argument is printed as: texts are made safe, numbers are what they are.
template <class Argument>
using Shown = std::conditional_t<std::is_convertible_v<const Argument&, std::string_view>,
                                 std::string, Argument>;

std::string shown(std::string_view text);
template <class Argument>
requires(!std::is_convertible_v<const Argument&, std::string_view>) const Argument& shown(
    const Argument& argument) {
  return argument;
}

// put and put_error write what is fit to be shown.
void put(std::string_view text);
void put_error(std::string_view text);

// say and warn print to standard output and standard error; only `format` can break a line.
template <class... Arguments>
void say(fmt::format_string<Shown<Arguments>...> format, const Arguments&... arguments) {
  put(fmt::vformat(
      format, fmt::make_format_args(static_cast<const Shown<Arguments>&>(shown(arguments))...)));
}
template <class... Arguments>
void warn(fmt::format_string<Shown<Arguments>...> format, const Arguments&... arguments) {
  put_error(fmt::vformat(
      format, fmt::make_format_args(static_cast<const Shown<Arguments>&>(shown(arguments))...)));
}

// say_document prints JSON or another text with lines of its own.
void say_document(std::string_view text);

}  // namespace sallyport::cli
