#include "gateway/config/findings.h"

#include <utility>

#include "gateway/config/node.h"

namespace sallyport::config {
namespace {

const char* word_of(Severity severity) {
  if (severity == Severity::error) return "error: ";
  return severity == Severity::warning ? "warning: " : "note: ";
}

}  // namespace

std::string Finding::text() const {
  std::string out;
  if (at.file != nullptr) {
    out += *at.file;
    if (at.line > 0) out += ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
    out += ": ";
  }
  out += word_of(severity);
  if (!path.empty()) out += path + ": ";
  return out + message;
}

void Findings::error(const Node& node, std::string message) {
  add({Severity::error, node.at, node.path, std::move(message)});
}

void Findings::warning(const Node& node, std::string message) {
  add({Severity::warning, node.at, node.path, std::move(message)});
}

void Findings::note(const Node& node, std::string message) {
  add({Severity::note, node.at, node.path, std::move(message)});
}

void Findings::add(Finding finding) {
  if (finding.severity == Severity::error) ++errors_;
  if (finding.severity == Severity::warning) ++warnings_;
  // Notes leave room for what is wrong.
  if (finding.severity == Severity::note && all_.size() >= kMaxFindings / 2) return;
  if (all_.size() < kMaxFindings) {
    all_.push_back(std::move(finding));
  } else if (all_.size() == kMaxFindings) {
    all_.push_back({finding.severity, finding.at, "", "there are more mistakes; mend these first"});
  }
}

}  // namespace sallyport::config
