// What the gateway says of itself: its own lines in the log, where the log goes, and what happens
// when lines cannot be written.

#include <fmt/core.h>

#include <cstring>

#include "gateway/control/gateway.h"
#include "gateway/observe/record.h"

namespace sallyport::control {
namespace {

std::string_view level_of(config::Severity severity) {
  if (severity == config::Severity::error) return "error";
  return severity == config::Severity::warning ? "warn" : "info";
}

load::LogLevel rank_of(std::string_view level) {
  if (level == "error") return load::LogLevel::error;
  return level == "warn" ? load::LogLevel::warn : load::LogLevel::info;
}

}  // namespace

void Gateway::log_event(std::string_view level, std::string_view event, std::string_view message) {
  if (!scribe_ || (loaded_ && rank_of(level) < loaded_->log.level)) return;
  std::string line;
  observe::append_event_line(line, wall_now(), level, event, message);
  scribe_->say(std::move(line));
}

// What the gateway lacks is in the log as well: clients see a 503 and nobody asks /readyz by hand.
void Gateway::log_problems() {
  watch_log();
  look_for_undone_change();
  std::vector<std::string> all = missing();
  for (std::string& problem : problems()) all.push_back(std::move(problem));
  problem_log_.look(
      all, [this](auto level, auto event, auto message) { log_event(level, event, message); });
}

void Gateway::log_notices() {
  for (const auto& service : services_.all()) {
    for (const policy::Notice& notice : service->notices()) {
      log_event(notice.level, notice.event, notice.message);
    }
  }
}

// Each reload finds the same warnings again: the log has each once, until it was not found any
// more.
void Gateway::log_findings(const config::Findings& findings) {
  std::set<std::string> found;
  for (const config::Finding& finding : findings.all()) {
    const bool is_error = finding.severity == config::Severity::error;
    std::string text = finding.text();
    if (is_error || !findings_told_.contains(text)) {
      log_event(level_of(finding.severity), "config", text);
    }
    if (!is_error) found.insert(std::move(text));
  }
  findings_told_ = std::move(found);
}

// take_log opens the log file that a configuration names. The file that is open already stays open:
// only SIGUSR1 opens it anew.
bool Gateway::take_log(const load::Loaded& loaded, config::Findings& findings) {
  const std::string& path = loaded.log.file->path;
  if (path != log_path_) {
    if (const auto opened = scribe_->write_to(path); !opened) {
      findings.error(loaded.log.file.node, opened.error().text);
      return false;
    }
    log_path_ = path;
    log_problem_.clear();
  }
  scribe_->put_priorities(loaded.log.priorities);
  return true;
}

void Gateway::reopen_log() {
  if (log_path_.empty()) {
    return log_event("info", "signal",
                     "SIGUSR1: the log goes to standard output, nothing is opened anew");
  }
  const auto opened = scribe_->write_to(log_path_);
  log_problem_ = opened ? ""
                        : fmt::format("{}; the log goes on in the file that was open before",
                                      opened.error().text);
  if (opened) log_event("info", "log_reopened", log_path_);
}

std::uint64_t Gateway::log_lines_lost() const {
  std::uint64_t lost = scribe_ ? scribe_->lost() : 0;
  for (const WorkerSeat& seat : seats_) lost += seat.server->state().log().dropped();
  return lost;
}

void Gateway::append_log_problems(std::vector<std::string>& all) const {
  if (const int error = scribe_ ? scribe_->error() : 0; error != 0) {
    all.push_back(fmt::format("log lines cannot be written: {}", std::strerror(error)));
  }
  if (!log_problem_.empty()) all.push_back(log_problem_);
}

// watch_log looks whether lines were lost since it looked last. While they are, it says so at each
// look: the first line that can be written tells how many are missing, and ends the trouble even if
// no request comes.
void Gateway::watch_log() {
  const std::uint64_t lost = log_lines_lost();
  const bool loses = lost != std::exchange(log_lines_lost_, lost) || scribe_->error() != 0;
  if (loses) {
    log_event("error", "log_lines_lost",
              fmt::format("log lines that were not written since the start: {}", lost));
  }
  process_.log_is_lost.store(loses && loaded_->log.on_failure == load::LogFailure::refuse,
                             std::memory_order_relaxed);
}

}  // namespace sallyport::control
