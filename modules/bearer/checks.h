#pragma once

// The checks of a token, in the order in which they are made. See README.md in this folder.

#include <cstdint>
#include <span>

#include "gateway/policy/checks.h"

namespace sallyport::bearer {

enum class Check : std::uint8_t {
  credential,     // the request has one token, where it belongs
  remembered,     // its very octets have passed before; no check, but what others are saved by
  form,           // of a JWT
  issuer,         // one of this chain
  introspection,  // of an opaque token
  signature,      // of a JWT
  claims,         // are there, and of their types
  times,
  age,
  audience,
  binding,      // it is bound to what the chain demands
  certificate,  // to which it is bound
  dpop,         // proof of the key to which it is bound
  answer,       // the API's, which may be a 401
};

// checks lists them with their names and reasons.
std::span<const policy::Check> checks();

}  // namespace sallyport::bearer
