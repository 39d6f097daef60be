// How a changed configuration is taken over, or refused.

#include <fmt/core.h>

#include <utility>

#include "gateway/base/file.h"
#include "gateway/control/gateway.h"
#include "gateway/crypto/digest.h"

namespace sallyport::control {

void Gateway::reload(std::function<void(const ReloadReport&)> done) {
  config::Findings findings;
  takes_file_ = true;
  digest_read_ = digest_of_file();
  if (!serves_) {
    findings.add(
        {config::Severity::error, {}, "", "the gateway is still starting: reload when it serves"});
    return accept(std::nullopt, std::move(findings), std::move(done));
  }
  auto loaded = load::load(config_path_, services_, registry_, findings);
  accept(std::move(loaded), std::move(findings), std::move(done));
}

void Gateway::accept(std::optional<load::Loaded> loaded, config::Findings findings,
                     std::function<void(const ReloadReport&)> done) {
  Sockets sockets;
  std::vector<load::StoreFound> stores;
  if (loaded) stores = load::examine_stores(*loaded, new_stores_, findings);
  if (loaded && loaded->workers != seats_.size()) {
    findings.add({config::Severity::error,
                  {},
                  "workers",
                  "the number of workers changes with a restart only"});
  }
  if (loaded && !findings.has_errors() && bind_sockets(*loaded, findings, sockets) &&
      listen_on(sockets, findings)) {
    take_log(*loaded, findings);
  }
  log_findings(findings);
  const bool is_good = loaded && !findings.has_errors();
  note_outcome(is_good);
  ReloadReport report{is_good, generations_, findings.all()};
  if (!is_good) {
    log_event(
        "error", "reload_failed",
        fmt::format("{} errors; generation {} goes on", findings.error_count(), generations_));
    return done(report);
  }
  notify("RELOADING=1");
  // Before the switch: what services publish at their start is on a worker before their plans are.
  services_.start_new(loop_, *this);
  log_stores(stores);
  install(std::move(*loaded));
  hand_out(std::move(sockets), [this, report, done]() mutable {
    report.generation = generations_;
    log_event("info", "reloaded", fmt::format("generation {}", generations_));
    notify("READY=1");
    done(report);
  });
  watch_files();
}

// note_outcome: files that changed and could be used do not mend a refused edit of the
// configuration.
void Gateway::note_outcome(bool is_good) {
  if (std::exchange(takes_file_, false)) {
    reload_refused_ = !is_good;
    if (is_good) digest_runs_ = digest_read_;
  }
  last_reload_good_ = is_good && !reload_refused_;
}

// digest_of_file tells whether the file on disk is what runs. Nothing: it cannot be read.
std::optional<crypto::Sha256> Gateway::digest_of_file() const {
  const auto content = read_file(config_path_, config::kMaxFileBytes);
  if (!content) return std::nullopt;
  return crypto::sha256(content->bytes);
}

// look_for_undone_change ends the alarm of a refused reload when whoever edited the file has put it
// back: what is on disk is what runs again.
void Gateway::look_for_undone_change() {
  if (!reload_refused_ || !digest_runs_ || digest_of_file() != digest_runs_) return;
  reload_refused_ = false;
  last_reload_good_ = true;
  log_event("info", "reload_undone",
            fmt::format("the file is again what generation {} was loaded from", generations_));
}

}  // namespace sallyport::control
