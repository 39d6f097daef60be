#include "gateway/control/gateway.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "gateway/base/core_dumps.h"
#include "gateway/base/shown_text.h"
#include "gateway/control/descriptors.h"
#include "gateway/control/service_manager.h"
#include "gateway/desk/trust_commands.h"
#include "gateway/observe/record.h"

namespace sallyport::control {
namespace {

// A ticket is opened by the current and the previous key, so that it lives between one and two
// periods; a stolen key opens no more than that.
constexpr Milliseconds kTicketRotation{12 * 3600 * 1000};
constexpr Milliseconds kMemoryPoll{250};
constexpr Milliseconds kProblemPoll{1000};

std::string_view level_of(config::Severity severity) {
  if (severity == config::Severity::error) return "error";
  return severity == config::Severity::warning ? "warn" : "info";
}

}  // namespace

Gateway::Gateway(std::string config_path)
    : config_path_(std::move(config_path)),
      descriptors_(raise_descriptor_limit()),
      tickets_(tls::TicketKeys::make()) {
  // A peer that left is an outcome of a write, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
}

Gateway::~Gateway() {
  for (WorkerSeat& seat : seats_) seat.worker->stop_and_join();
  // It reads the workers' log queues until it has ended.
  scribe_.reset();
  // Connections and listeners end before the loops that they are registered with.
  for (WorkerSeat& seat : seats_) seat.server.reset();
}

bool Gateway::start() {
  config::Findings findings;
  auto loaded = load::load(config_path_, services_, registry_, findings);
  std::vector<std::vector<server::ListenerSocket>> sockets;
  if (loaded) {
    for (unsigned i = 0; i < loaded->workers; ++i) {
      WorkerSeat seat;
      seat.worker = std::make_unique<event::Worker>(i);
      seat.server = std::make_unique<server::WorkerServer>(*seat.worker, registry_, process_);
      seats_.push_back(std::move(seat));
    }
    open_sockets(*loaded, findings, sockets);
  }
  for (const config::Finding& finding : findings.all()) {
    std::fprintf(stderr, "%s\n", shown_text(finding.text()).c_str());
  }
  if (!loaded || findings.has_errors() || !open_certificates(*loaded)) return false;

  std::vector<observe::LogQueue*> queues;
  for (WorkerSeat& seat : seats_) queues.push_back(&seat.server->state().log());
  scribe_ = std::make_unique<observe::Scribe>(STDOUT_FILENO, std::move(queues));
  switch_to(std::move(*loaded), std::move(sockets), [] {});
  // Before the workers run: the first request finds keys and revocations in place.
  services_.start_new(loop_, *this);
  start_workers();
  watch_files();
  follow_certificates();
  ticket_rotation_ =
      std::make_unique<event::Every>(loop_, kTicketRotation, [this] { rotate_tickets(); });
  memory_poll_ = std::make_unique<event::Every>(loop_, kMemoryPoll, [this] { watch_memory(); });
  problem_poll_ = std::make_unique<event::Every>(loop_, kProblemPoll, [this] { log_problems(); });
  notice_poll_ = std::make_unique<event::Every>(loop_, Seconds(1), [this] { log_notices(); });
  signals_.push_back(std::make_unique<event::Signal>(loop_, SIGTERM, [this] { on_terminate(); }));
  signals_.push_back(std::make_unique<event::Signal>(loop_, SIGINT, [this] { on_terminate(); }));
  signals_.push_back(std::make_unique<event::Signal>(loop_, SIGHUP, [this] { on_hangup(); }));
  log_event("info", "started",
            fmt::format("serving {} listeners with {} workers, generation {}",
                        loaded_->generation->listeners.size(), seats_.size(), generations_));
  notify("READY=1");
  return true;
}

int Gateway::run() {
  loop_.run();
  return 0;
}

void Gateway::start_workers() {
  for (WorkerSeat& seat : seats_) seat.worker->start([] {});
  workers_run_ = true;
}

// Before the workers run, and after, their state belongs to this thread.
void Gateway::to_all(std::function<void(unsigned)> work, std::function<void()> done) {
  if (!workers_run_) {
    for (unsigned i = 0; i < seats_.size(); ++i) work(i);
    return done();
  }
  struct Round {
    std::function<void(unsigned)> work;
    std::function<void()> done;
    std::atomic<std::size_t> left;
  };
  auto round = std::make_shared<Round>();
  round->work = std::move(work);
  round->done = std::move(done);
  round->left = seats_.size();
  for (unsigned i = 0; i < seats_.size(); ++i) {
    seats_[i].worker->loop().post([this, round, i] {
      round->work(i);
      if (round->left.fetch_sub(1) == 1) loop_.post([round] { round->done(); });
    });
  }
}

bool Gateway::open_sockets(const load::Loaded& loaded, config::Findings& findings,
                           std::vector<std::vector<server::ListenerSocket>>& sockets) {
  sockets.resize(seats_.size());
  bool good = true;
  for (const load::SocketAddress& address : loaded.addresses) {
    const bool is_open =
        loaded_ && std::any_of(loaded_->addresses.begin(), loaded_->addresses.end(),
                               [&](const auto& open) { return open.text == address.text; });
    if (is_open) continue;
    for (auto& of_worker : sockets) {
      const auto fd = load::bind_listener(address);
      if (fd) {
        of_worker.push_back({address.text, *fd});
        continue;
      }
      findings.add({config::Severity::error, {}, "listeners", fd.error().text});
      good = false;
      break;
    }
  }
  if (good) return true;
  for (auto& of_worker : sockets) {
    for (const server::ListenerSocket& socket : of_worker) close(socket.fd);
    of_worker.clear();
  }
  return false;
}

void Gateway::switch_to(load::Loaded loaded,
                        std::vector<std::vector<server::ListenerSocket>> sockets,
                        std::function<void()> done) {
  loaded.generation->number = ++generations_;
  loaded.generation->tickets = tickets_;
  fit_connections(*loaded.generation);
  memory_.set_ceiling(loaded.memory);
  loaded.core_dumps ? allow_core_dumps() : forbid_core_dumps();
  loaded_ = std::move(loaded);
  last_reload_at_ = wall_now().unix_seconds();
  to_all([this, generation = std::shared_ptr<const server::Generation>(loaded_->generation),
          sockets = std::move(sockets)](
             unsigned worker) { seats_[worker].server->adopt(generation, sockets[worker]); },
         std::move(done));
}

void Gateway::reload(std::function<void(const ReloadReport&)> done) {
  config::Findings findings;
  auto loaded = load::load(config_path_, services_, registry_, findings);
  accept(std::move(loaded), std::move(findings), std::move(done));
}

void Gateway::accept(std::optional<load::Loaded> loaded, config::Findings findings,
                     std::function<void(const ReloadReport&)> done) {
  std::vector<std::vector<server::ListenerSocket>> sockets;
  if (loaded && loaded->workers != seats_.size()) {
    findings.add({config::Severity::error,
                  {},
                  "workers",
                  "the number of workers changes with a restart only"});
  }
  if (loaded && !findings.has_errors()) open_sockets(*loaded, findings, sockets);
  log_findings(findings);
  last_reload_good_ = loaded && !findings.has_errors();
  ReloadReport report{last_reload_good_, generations_, findings.all()};
  if (!last_reload_good_) {
    log_event(
        "error", "reload_failed",
        fmt::format("{} errors; generation {} goes on", findings.error_count(), generations_));
    return done(report);
  }
  notify("RELOADING=1");
  // Before the switch: what services publish at their start is on a worker before their plans are.
  services_.start_new(loop_, *this);
  switch_to(std::move(*loaded), std::move(sockets), [this, report, done]() mutable {
    report.generation = generations_;
    log_event("info", "reloaded", fmt::format("generation {}", generations_));
    notify("READY=1");
    done(report);
  });
  watch_files();
}

void Gateway::rotate_tickets() {
  tickets_ = tickets_->rotated();
  to_all(
      [this, tickets = tickets_](unsigned worker) { seats_[worker].server->set_tickets(tickets); },
      [] {});
}

void Gateway::on_hangup() {
  reload([](const ReloadReport&) {});
}

void Gateway::on_terminate() {
  if (draining_) return finish();  // asked twice: now
  begin_drain();
}

void Gateway::begin_drain() {
  if (std::exchange(draining_, true)) return;
  log_event("info", "draining", "not ready any more; connections end with their next answer");
  notify("STOPPING=1");
  drain_began_ = loop_.mono();
  to_all([this](unsigned worker) { seats_[worker].server->state().begin_drain(); }, [] {});
  drain_poll_ =
      std::make_unique<event::Every>(loop_, Milliseconds(50), [this] { check_drained(); });
}

void Gateway::check_drained() {
  const auto passed = Milliseconds((loop_.mono().us - drain_began_.us) / 1000);
  if (passed < loaded_->min_drain) return;
  if (accepting_) return stop_accepting();
  if (passed >= loaded_->max_drain) return finish();
  auto open = std::make_shared<std::atomic<std::size_t>>(0);
  to_all([this, open](unsigned worker) { *open += seats_[worker].server->state().connections(); },
         [this, open] {
           if (*open == 0) finish();
         });
}

void Gateway::stop_accepting() {
  accepting_ = false;
  to_all(
      [this](unsigned worker) {
        seats_[worker].server->stop_accepting();
        seats_[worker].server->state().end_idle();
      },
      [] {});
}

void Gateway::finish() {
  if (std::exchange(finishing_, true)) return;
  collect_certificates();
  to_all(
      [this](unsigned worker) {
        seats_[worker].server->stop_accepting();
        seats_[worker].server->state().close_all();
        seats_[worker].server->state().log().flush();
      },
      [this] {
        certificates_->save();
        log_event("info", "stopped", "all connections have ended");
        scribe_.reset();
        loop_.stop();
      });
}

std::vector<std::string> Gateway::not_ready() const {
  std::vector<std::string> reasons;
  if (draining_) reasons.emplace_back("draining");
  for (const auto& service : services_.all()) {
    if (auto reason = service->not_ready()) reasons.push_back(std::move(*reason));
  }
  return reasons;
}

std::vector<std::string> Gateway::problems() const {
  std::vector<std::string> all;
  for (const auto& service : services_.all()) {
    for (std::string& problem : service->problems()) all.push_back(std::move(problem));
  }
  return all;
}

void Gateway::explain(desk::TokenCase question,
                      std::function<void(std::optional<desk::TokenExplanation>)> done) {
  WorkerSeat& seat = seats_.front();
  seat.worker->loop().post([this, &seat, question = std::move(question), done = std::move(done)] {
    const auto answer = [this, done](std::optional<desk::TokenExplanation> told) {
      loop_.post([done, told = std::move(told)] { done(told); });
    };
    const std::shared_ptr<server::Attached> attached = seat.server->state().attached();
    for (const auto& route : attached->generation->routes) {
      if (route->id != question.route) continue;
      return desk::explain_token(seat.worker->loop(), attached->chains[route->index], *route, 0,
                                 question.token, attached, answer);
    }
    answer(std::nullopt);
  });
}

bool Gateway::command(std::string_view verb, std::string_view json,
                      const std::function<void(int, std::string)>& answer) {
  bool known = desk::trust_command(*loaded_, *certificates_, verb, json, answer);
  for (const auto& service : services_.all()) {
    known = service->command(verb, json, answer) || known;
  }
  return known;
}

void Gateway::log_event(std::string_view level, std::string_view event, std::string_view message) {
  if (!scribe_) return;
  std::string line;
  observe::append_event_line(line, wall_now(), level, event, message);
  scribe_->say(std::move(line));
}

void Gateway::log_problems() {
  problem_log_.look(problems(), [this](auto level, auto event, auto message) {
    log_event(level, event, message);
  });
}

void Gateway::log_notices() {
  for (const auto& service : services_.all()) {
    for (const policy::Notice& notice : service->notices()) {
      log_event(notice.level, notice.event, notice.message);
    }
  }
}

void Gateway::log_findings(const config::Findings& findings) {
  for (const config::Finding& finding : findings.all()) {
    log_event(level_of(finding.severity), "config", finding.text());
  }
}

void Gateway::notify(const std::string& state) {
  notify_service_manager(fmt::format("{}\nSTATUS=generation {}, {} workers{}", state, generations_,
                                     seats_.size(), draining_ ? ", draining" : ""));
}

}  // namespace sallyport::control
