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

namespace sallyport::control {
namespace {

void close_all(std::vector<std::vector<server::ListenerSocket>>& sockets) {
  for (auto& of_worker : sockets) {
    for (const server::ListenerSocket& socket : of_worker) close(socket.fd);
    of_worker.clear();
  }
}

}  // namespace

Gateway::Gateway(std::string config_path, bool new_stores, load::InheritedSockets inherited)
    : config_path_(std::move(config_path)),
      new_stores_(new_stores),
      inherited_(std::move(inherited)),
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
  close_all(bound_);
}

int Gateway::run() {
  loop_.run();
  return exit_status_;
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

Result<std::vector<int>> Gateway::sockets_for(const load::SocketAddress& address) {
  auto inherited = inherited_.for_workers(address.text, seats_.size());
  if (!inherited || !inherited->empty()) return inherited;
  return load::bind_listeners(address, seats_.size());
}

bool Gateway::bind_sockets(const load::Loaded& loaded, config::Findings& findings,
                           Sockets& sockets) {
  sockets.resize(seats_.size());
  for (const load::SocketAddress& address : loaded.addresses) {
    const bool is_open =
        serves_ && std::any_of(loaded_->addresses.begin(), loaded_->addresses.end(),
                               [&](const auto& open) { return open.text == address.text; });
    if (is_open) continue;
    const auto fds = sockets_for(address);
    if (!fds) {
      findings.add({config::Severity::error, {}, "listeners", fds.error().text});
      break;
    }
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      sockets[i].push_back({address.text, (*fds)[i]});
    }
  }
  if (!findings.has_errors()) return true;
  close_all(sockets);
  return false;
}

bool Gateway::listen_on(Sockets& sockets, config::Findings& findings) {
  for (const auto& of_worker : sockets) {
    for (const server::ListenerSocket& socket : of_worker) {
      if (const auto good = load::start_listening(socket.fd); !good) {
        findings.add(
            {config::Severity::error, {}, "listeners", socket.address + ": " + good.error().text});
        close_all(sockets);
        return false;
      }
    }
  }
  return true;
}

void Gateway::install(load::Loaded loaded) {
  loaded.generation->number = ++generations_;
  loaded.generation->tickets = tickets_;
  fit_connections(*loaded.generation);
  memory_.set_ceiling(loaded.memory);
  loaded.core_dumps ? allow_core_dumps() : forbid_core_dumps();
  loaded_ = std::move(loaded);
  last_reload_at_ = wall_now().unix_seconds();
}

void Gateway::hand_out(Sockets sockets, std::function<void()> done) {
  to_all([this, generation = std::shared_ptr<const server::Generation>(loaded_->generation),
          sockets = std::move(sockets)](
             unsigned worker) { seats_[worker].server->adopt(generation, sockets[worker]); },
         std::move(done));
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
  auto cut = std::make_shared<std::atomic<std::size_t>>(0);
  to_all(
      [this, cut](unsigned worker) {
        seats_[worker].server->stop_accepting();
        *cut += seats_[worker].server->state().connections();
        seats_[worker].server->state().close_all();
        seats_[worker].server->state().log().flush();
      },
      [this, cut] {
        certificates_->save();
        log_event(*cut == 0 ? "info" : "warn", "stopped",
                  *cut == 0
                      ? std::string("all connections have ended")
                      : fmt::format("connections that were still open and were cut: {}", *cut));
        scribe_.reset();
        loop_.stop();
      });
}

std::vector<std::string> Gateway::missing() const {
  std::vector<std::string> reasons;
  if (process_.log_is_lost.load(std::memory_order_relaxed)) reasons.push_back(kLogIsLost);
  for (const auto& service : services_.all()) {
    if (auto reason = service->not_ready()) reasons.push_back(std::move(*reason));
  }
  return reasons;
}

std::vector<std::string> Gateway::not_ready() const {
  std::vector<std::string> reasons = missing();
  if (draining_) reasons.insert(reasons.begin(), "draining");
  if (!workers_run_) reasons.insert(reasons.begin(), "starting");
  return reasons;
}

std::vector<std::string> Gateway::problems() const {
  std::vector<std::string> all;
  append_log_problems(all);
  if (!register_problem_.empty()) all.push_back(register_problem_);
  if (!last_reload_good_) {
    all.push_back(fmt::format("the last reload was refused; generation {} goes on", generations_));
  }
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

void Gateway::notify(const std::string& state) {
  notify_service_manager(fmt::format("{}\nSTATUS=generation {}, {} workers{}", state, generations_,
                                     seats_.size(), draining_ ? ", draining" : ""));
}

}  // namespace sallyport::control
