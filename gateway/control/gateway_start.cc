// How the process begins: it reads, takes what it needs, learns what it must know, and listens
// last, so that no connection comes to a gateway that cannot answer it.

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "gateway/base/shown_text.h"
#include "gateway/control/gateway.h"

namespace sallyport::control {
namespace {

// A ticket is opened by the current and the previous key, so that it lives between one and two
// periods; a stolen key opens no more than that.
constexpr Milliseconds kTicketRotation{12 * 3600 * 1000};
constexpr Milliseconds kMemoryPoll{250};
constexpr Milliseconds kProblemPoll{1000};
constexpr Milliseconds kStartPoll{10};

}  // namespace

bool Gateway::start(const OpenAdmin& open_admin) {
  config::Findings findings;
  const bool good = take_all(open_admin, findings);
  for (const config::Finding& finding : findings.all()) {
    std::fprintf(stderr, "%s\n", shown_text(finding.text()).c_str());
  }
  if (!good) say_failures(findings);
  return good;
}

bool Gateway::take_all(const OpenAdmin& open_admin, config::Findings& findings) {
  const auto failed = [&findings](std::string section, const Error& error) {
    findings.add({config::Severity::error, {}, std::move(section), error.text});
    return false;
  };
  digest_runs_ = digest_of_file();
  auto loaded = load::load(config_path_, services_, registry_, findings);
  if (!loaded || findings.has_errors()) return false;
  if (const auto opened = open_certificates(*loaded); !opened) {
    return failed("certificate_register", opened.error());
  }
  make_seats(loaded->workers);
  if (!take_log(*loaded, findings)) return false;
  const auto stores = load::examine_stores(*loaded, new_stores_, findings);
  if (findings.has_errors()) return false;
  if (!make_socket_folder(loaded->admin_socket, findings)) return false;
  log_stores(stores);
  install(std::move(*loaded));
  if (const auto opened = open_admin(); !opened) return failed("admin", opened.error());
  if (!bind_sockets(*loaded_, findings, bound_)) return false;
  warn_of_sockets();
  heed_signals();
  begin_polls();
  // Before the workers run: the first request finds keys and revocations in place.
  services_.start_new(loop_, *this);
  start_began_ = mono_now();
  start_poll_ = std::make_unique<event::Every>(loop_, kStartPoll, [this] { serve_when_ready(); });
  loop_.post([this] { serve_when_ready(); });
  return true;
}

// make_socket_folder makes the last folder of the admin socket's path, which is in /run as a rule
// and goes with each boot.
bool Gateway::make_socket_folder(const std::string& socket, config::Findings& findings) {
  const std::string folder = std::filesystem::path(socket).parent_path().string();
  if (folder.empty()) return true;
  if (mkdir(folder.c_str(), 0700) == 0) {
    log_event("info", "folder_made", folder);
    return true;
  }
  if (errno == EEXIST) return true;
  findings.add({config::Severity::error,
                {},
                "admin.socket",
                fmt::format("cannot make the folder {}: {}", folder, std::strerror(errno))});
  return false;
}

void Gateway::warn_of_sockets() {
  for (const std::string& fault : inherited_.faults()) log_event("warn", "inherited_socket", fault);
  for (const std::string& address : inherited_.unused()) {
    log_event("warn", "inherited_socket",
              fmt::format("the socket of {} was handed over and no listener has that address: "
                          "connections to it are not accepted",
                          address));
  }
}

// log_stores says what each store holds as it is opened: who expects a million revocations sees at
// once that there are none.
void Gateway::log_stores(const std::vector<load::StoreFound>& stores) {
  for (const load::StoreFound& store : stores) {
    if (std::ranges::find(stores_known_, store.folder) != stores_known_.end()) continue;
    stores_known_.push_back(store.folder);
    if (store.is_new) {
      log_event("warn", "store", fmt::format("{}: new and empty", store.folder));
    } else if (!store.is_taken) {
      log_event("info", "store", fmt::format("{}: {} entries", store.folder, store.entries));
    }
  }
}

void Gateway::make_seats(unsigned workers) {
  std::vector<observe::LogQueue*> queues;
  for (unsigned i = 0; i < workers; ++i) {
    WorkerSeat seat;
    seat.worker = std::make_unique<event::Worker>(i);
    seat.server = std::make_unique<server::WorkerServer>(*seat.worker, registry_, process_);
    queues.push_back(&seat.server->state().log());
    seats_.push_back(std::move(seat));
  }
  scribe_ = std::make_unique<observe::Scribe>(STDOUT_FILENO, std::move(queues));
}

// No signal that operators send by habit ends or dumps the process unawares.
void Gateway::heed_signals() {
  const auto on = [this](int number, std::function<void()> work) {
    signals_.push_back(std::make_unique<event::Signal>(loop_, number, std::move(work)));
  };
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) on(number, [this] { on_terminate(); });
  on(SIGHUP, [this] { on_hangup(); });
  on(SIGUSR1, [this] { reopen_log(); });
  on(SIGUSR2, [this] {
    log_event("warn", "signal", "SIGUSR2: this version cannot replace its own program; restart it");
  });
}

void Gateway::begin_polls() {
  ticket_rotation_ =
      std::make_unique<event::Every>(loop_, kTicketRotation, [this] { rotate_tickets(); });
  memory_poll_ = std::make_unique<event::Every>(loop_, kMemoryPoll, [this] { watch_memory(); });
  problem_poll_ = std::make_unique<event::Every>(loop_, kProblemPoll, [this] { log_problems(); });
  notice_poll_ = std::make_unique<event::Every>(loop_, Seconds(1), [this] { log_notices(); });
}

void Gateway::serve_when_ready() {
  if (serves_ || draining_) return;
  const auto passed = Milliseconds((mono_now().us - start_began_.us) / 1000);
  if (passed < loaded_->start_wait && !missing().empty()) return;
  serves_ = true;
  // Not from the poll's own timer, which ends here.
  loop_.post([this] {
    start_poll_.reset();
    if (serve()) return;
    exit_status_ = 1;
    loop_.stop();
  });
}

bool Gateway::serve() {
  config::Findings findings;
  if (!listen_on(bound_, findings)) {
    for (const config::Finding& finding : findings.all()) {
      std::fprintf(stderr, "%s\n", shown_text(finding.text()).c_str());
    }
    say_failures(findings);
    return false;
  }
  hand_out(std::exchange(bound_, {}), [] {});
  start_workers();
  watch_files();
  follow_certificates();
  const auto missing_now = missing();
  log_event(missing_now.empty() ? "info" : "warn", "started",
            fmt::format("serving {} listeners with {} workers, generation {}{}",
                        loaded_->generation->listeners.size(), seats_.size(), generations_,
                        missing_now.empty() ? "" : ", not ready: " + missing_now.front()));
  notify("READY=1");
  return true;
}

// say_failures puts into the log what standard error was told: who collects logs may see nothing
// else.
void Gateway::say_failures(const config::Findings& findings) {
  if (!scribe_) {
    scribe_ = std::make_unique<observe::Scribe>(STDOUT_FILENO, std::vector<observe::LogQueue*>{});
  }
  for (const config::Finding& finding : findings.all()) {
    if (finding.severity == config::Severity::error) {
      log_event("error", "start_failed", finding.text());
    }
  }
}

}  // namespace sallyport::control
