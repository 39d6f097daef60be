#pragma once

// Gateway is the running process: it starts workers and scribe, loads and reloads generations,
// drains, and owns every background task. Everything here runs on the control thread.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/control/memory_watch.h"
#include "gateway/control/problem_log.h"
#include "gateway/desk/certificate_register.h"
#include "gateway/desk/explain_token.h"
#include "gateway/event/file_watch.h"
#include "gateway/event/live.h"
#include "gateway/event/watch.h"
#include "gateway/event/worker.h"
#include "gateway/load/inherited_sockets.h"
#include "gateway/load/load.h"
#include "gateway/load/services.h"
#include "gateway/load/store_check.h"
#include "gateway/metrics/metrics.h"
#include "gateway/observe/log_queue.h"
#include "gateway/server/worker_server.h"

namespace sallyport::control {

// ReloadReport is what a reload came to.
struct ReloadReport {
  bool accepted = false;
  std::uint64_t generation = 0;
  std::vector<config::Finding> findings;
};

class Gateway final : private event::Broadcast {
 public:
  // With `new_stores` services may begin stores that are missing, in production as well.
  explicit Gateway(std::string config_path, bool new_stores = false,
                   load::InheritedSockets inherited = {});
  ~Gateway() override;

  // start reads, checks and takes all that the process needs, in this order: configuration, stores,
  // the operators' door (`open_admin`), ports. False: it has said why, on standard error and in the
  // log, and whatever was taken is given back.
  using OpenAdmin = std::function<Result<void>()>;
  bool start(const OpenAdmin& open_admin);
  // run waits until the gateway is ready, at most timeouts.start_wait; then it listens and serves
  // until it is told to stop. Returns the process's exit status.
  int run();

  event::Loop& loop() { return loop_; }
  const load::Loaded& loaded() const { return *loaded_; }

  // reload validates the file again and switches to it, or keeps what runs and says why; `done` is
  // told when the workers have switched.
  void reload(std::function<void(const ReloadReport&)> done);
  // begin_drain: not ready, go on accepting for min_drain, then finish what is open.
  void begin_drain();

  // not_ready returns why traffic should not come here; empty: it should.
  std::vector<std::string> not_ready() const;
  // missing returns what its services still lack.
  std::vector<std::string> missing() const;
  // problems returns what is wrong although traffic may come.
  std::vector<std::string> problems() const;
  std::string metrics_text() const;
  // find_decision asks every worker for a request's decision; `done` gets JSON, or nothing. Of
  // several with one interaction id it is the newest, with `requests` (how many there are) and
  // `others` (request ids).
  void find_decision(const std::string& id, std::function<void(std::optional<std::string>)> done);
  // explain asks the first worker what its policies say of a token; `done` gets nothing when there
  // is no such route.
  void explain(desk::TokenCase question,
               std::function<void(std::optional<desk::TokenExplanation>)> done);
  // command offers an operator's order to the services; false: none of them knows the verb.
  bool command(std::string_view verb, std::string_view json,
               const std::function<void(int, std::string)>& answer);
  void log_event(std::string_view level, std::string_view event, std::string_view message);
  const desk::CertificateRegister& certificates() const { return *certificates_; }

 private:
  static constexpr const char* kLogIsLost =
      "log lines cannot be written, and log.on_failure is refuse";
  struct WorkerSeat {
    std::unique_ptr<event::Worker> worker;
    std::unique_ptr<server::WorkerServer> server;
  };

  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override;
  // Sockets are those that each worker listens on, by worker.
  using Sockets = std::vector<std::vector<server::ListenerSocket>>;
  // gateway_start.cc
  bool take_all(const OpenAdmin& open_admin, config::Findings& findings);
  void make_seats(unsigned workers);
  void serve_when_ready();
  bool serve();
  void heed_signals();
  void begin_polls();
  void say_failures(const config::Findings& findings);
  bool make_socket_folder(const std::string& socket, config::Findings& findings);
  void log_stores(const std::vector<load::StoreFound>& stores);
  bool bind_sockets(const load::Loaded& loaded, config::Findings& findings, Sockets& sockets);
  Result<std::vector<int>> sockets_for(const load::SocketAddress& address);
  void warn_of_sockets();
  static bool listen_on(Sockets& sockets, config::Findings& findings);
  void install(load::Loaded loaded);
  void hand_out(Sockets sockets, std::function<void()> done);
  void accept(std::optional<load::Loaded> loaded, config::Findings findings,
              std::function<void(const ReloadReport&)> done);
  // gateway_files.cc
  void watch_files();
  void watch_paths();
  void on_files_changed();
  Result<void> open_certificates(const load::Loaded& loaded);
  void follow_certificates();
  void collect_certificates();
  void append_trust_metrics(std::string& out) const;
  void start_workers();
  void stop_accepting();
  void fit_connections(server::Generation& generation);
  void watch_memory();
  void rotate_tickets();
  void log_notices();
  void check_drained();
  void finish();
  void on_terminate();
  void on_hangup();
  // gateway_reload.cc
  std::optional<crypto::Sha256> digest_of_file() const;
  void note_outcome(bool is_good);
  void look_for_undone_change();
  // gateway_log.cc
  bool take_log(const load::Loaded& loaded, config::Findings& findings);
  void reopen_log();
  void watch_log();
  std::uint64_t log_lines_lost() const;
  void append_log_problems(std::vector<std::string>& all) const;
  void log_problems();
  void log_findings(const config::Findings& findings);
  void notify(const std::string& state);

  const std::string config_path_;
  const bool new_stores_;
  load::InheritedSockets inherited_;
  event::Loop loop_;
  metrics::Registry registry_;
  load::Services services_;
  std::optional<load::Loaded> loaded_;
  server::ProcessLoad process_;
  const std::size_t descriptors_;
  MemoryWatch memory_;
  std::unique_ptr<event::Every> memory_poll_;
  std::vector<WorkerSeat> seats_;
  std::unique_ptr<observe::Scribe> scribe_;
  std::vector<std::string> stores_known_;  // that services have open, or had
  std::string log_path_;                   // of the file that is open; empty: standard output
  std::string log_problem_;                // why it could not be opened anew
  std::uint64_t log_lines_lost_ = 0;       // when it was looked at last
  std::vector<std::unique_ptr<event::Signal>> signals_;
  std::shared_ptr<const tls::TicketKeys> tickets_;
  std::unique_ptr<event::Every> ticket_rotation_;
  ProblemLog problem_log_;
  std::unique_ptr<event::Every> problem_poll_;
  std::unique_ptr<event::Every> notice_poll_;
  std::unique_ptr<event::Every> drain_poll_;
  std::unique_ptr<event::Every> start_poll_;
  Sockets bound_;  // at the start, until they listen
  MonoTime start_began_{};
  std::unique_ptr<event::FileWatch> file_watch_;
  std::unique_ptr<event::Every> file_poll_;
  std::vector<std::string> watched_;
  crypto::Sha256 files_digest_{};  // of their content when it was read last
  std::unique_ptr<desk::CertificateRegister> certificates_;
  std::string register_problem_;  // why it is in memory only
  std::unique_ptr<event::Every> collect_certificates_;
  std::unique_ptr<event::Every> save_certificates_;
  MonoTime drain_began_{};
  std::uint64_t generations_ = 0;
  int exit_status_ = 0;
  bool serves_ = false;  // or is just about to
  bool workers_run_ = false;
  bool draining_ = false;
  bool accepting_ = true;
  bool finishing_ = false;
  bool last_reload_good_ = true;
  bool reload_refused_ = false;  // the configuration file on disk is not what runs
  bool takes_file_ = false;  // a reload of that file is under way, not one of files that it names
  std::optional<crypto::Sha256> digest_read_;  // of the file that a reload under way has read
  std::optional<crypto::Sha256> digest_runs_;  // of the one that runs
  std::set<std::string> findings_told_;        // warnings that the log has
  std::int64_t last_reload_at_ = 0;
};

}  // namespace sallyport::control
