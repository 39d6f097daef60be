#pragma once

// explain --cert: what trust stores and routes say of a client certificate, check by check.

#include <string>

namespace sallyport::cli {

struct CertificateQuestion {
  std::string certificate;  // PEM file
  std::string chain;        // PEM file of its issuers; may be empty
  std::string store;        // only this trust store; empty: all
  std::string route;        // also what this route says; may be empty
  std::string at;           // judge at this time; empty: now
  std::string config;       // that file's policy; empty: that of the running gateway
  std::string socket;       // of the running gateway
  bool as_json = false;
};

// explain_certificate prints and returns the exit status: kFailed when it would be refused.
int explain_certificate(const CertificateQuestion& question);

}  // namespace sallyport::cli
