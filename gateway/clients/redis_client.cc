#include "gateway/clients/redis_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/clients/fetch.h"
#include "gateway/crypto/random.h"
#include "gateway/tls/client_context.h"

namespace sallyport::clients {
namespace {

unsigned random_seed() {
  std::array<std::uint8_t, 4> bytes;
  crypto::fill_random(bytes);
  return static_cast<unsigned>(bytes[0] | bytes[1] << 8 | bytes[2] << 16) + 1;
}

// says_cluster reads INFO: "cluster_enabled:1" alone on its line.
bool says_cluster(std::string_view info) {
  bool is_enabled = false;
  for_each_piece(info, '\n', [&](std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    is_enabled = is_enabled || line == "cluster_enabled:1";
  });
  return is_enabled;
}

// is_of_cluster says whether only a node of a cluster answers so.
bool is_of_cluster(std::string_view error) {
  for (const std::string_view begin : {"MOVED ", "ASK ", "CROSSSLOT", "CLUSTERDOWN", "TRYAGAIN"}) {
    if (error.starts_with(begin)) return true;
  }
  return error.find("not allowed in cluster mode") != error.npos;  // SELECT
}

}  // namespace

RedisClient::RedisClient(event::Loop& loop, RedisEndpoint endpoint, Hooks hooks, RedisRetry retry)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      hooks_(std::move(hooks)),
      retry_(retry),
      timer_(loop, *this),
      random_(random_seed()),
      delay_(retry.first) {
  timer_.arm(Milliseconds(0));
}

RedisClient::~RedisClient() = default;

void RedisClient::attempt() {
  if (!endpoint_.sentinels.empty()) return ask_sentinel();
  connect_to(endpoint_.servers[next_server_++ % endpoint_.servers.size()]);
}

void RedisClient::ask_sentinel() {
  const RedisServer& sentinel = endpoint_.sentinels[next_server_++ % endpoint_.sentinels.size()];
  RedisConnection::Hooks hooks;
  hooks.on_end = [this](const std::string& why) { fail("sentinel " + why); };
  hooks.on_message = nullptr;
  hooks.on_ready = [this] {
    const bool is_sent = connection_->command(
        {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", endpoint_.master},
        [this](Result<RedisValue> reply) { on_sentinel_answer(std::move(reply)); });
    if (!is_sent) fail("the sentinel cannot be asked");
  };
  open(sentinel, endpoint_.sentinel_login, std::move(hooks));
}

void RedisClient::on_sentinel_answer(Result<RedisValue> reply) {
  if (!reply) return fail("sentinel " + reply.error().text);
  if (reply->is_error()) return fail("the sentinel answers: " + reply->text);
  if (!reply->is_array_of(2)) {
    return fail("the sentinel knows no master \"" + endpoint_.master + "\"");
  }
  const auto port = parse_decimal<std::uint16_t>(reply->items[1].text);
  if (!port || reply->items[0].text.empty()) return fail("the sentinel's answer is no address");
  found_ = RedisServer{reply->items[0].text, *port, {}};
  loop_.enqueue(*this);
}

void RedisClient::connect_to(RedisServer server) {
  server_ = server.text();
  RedisConnection::Hooks hooks;
  hooks.on_ready = [this] { verify(); };
  hooks.on_end = [this](const std::string& why) {
    is_of_cluster(why) ? fail_as_cluster() : fail(why);
  };
  hooks.on_message = hooks_.on_message;
  open(std::move(server), endpoint_.login, std::move(hooks));
}

void RedisClient::open(RedisServer server, const RedisLogin& login, RedisConnection::Hooks hooks) {
  RedisConnectionOptions options;
  options.server = std::move(server);
  options.login = login;
  options.connect_timeout = endpoint_.connect_timeout;
  options.command_timeout = endpoint_.command_timeout;
  if (endpoint_.tls) {
    // Made anew for every connection, so that changed CAs need no restart.
    auto tls = outbound_tls(endpoint_.tls->ca_file, loop_.wall());
    if (!tls) return fail(tls.error().text);
    options.tls = *std::move(tls);
    options.server_name = endpoint_.tls->server_name;
  }
  connection_ = std::make_unique<RedisConnection>(loop_, std::move(options), std::move(hooks));
}

// A sentinel's answer may be old, and a server may have been made a replica: only a master takes
// what we write. Whether it is a node of a cluster is asked first: its replicas are nodes, too.
void RedisClient::verify() {
  const bool is_sent =
      connection_->command({"INFO", "cluster"},
                           [this](const Result<RedisValue>& info) {
                             // Where INFO is refused, the first reply that sends us to another node
                             // tells.
                             if (info && !info->is_error() && says_cluster(info->text))
                               fail_as_cluster();
                           }) &&
      connection_->command({"ROLE"}, [this](const Result<RedisValue>& role) { on_role(role); });
  if (!is_sent) fail(server_ + " cannot be asked");
}

void RedisClient::on_role(const Result<RedisValue>& role) {
  if (!role || has_failed_) return;  // the connection's end says it
  if (role->is_error()) return fail(server_ + " does not tell its role: " + role->text);
  if (!role->is_array_of(1) || role->items[0].text != "master")
    return fail(server_ + " is no master");
  is_up_ = true;
  is_cluster_ = false;
  delay_ = retry_.first;
  last_error_.clear();
  if (hooks_.on_up) hooks_.on_up();
}

void RedisClient::fail_as_cluster() {
  is_cluster_ = true;
  fail(server_ +
       " is a node of a Redis Cluster (cluster_enabled:1), which has a part of the keys only: "
       "name a Redis that is not clustered, with Sentinel where it is to survive a failure");
}

bool RedisClient::command(const RedisWords& words, RedisReply reply) {
  if (!is_up_) return false;
  return connection_->command(words, [this, told = std::move(reply)](Result<RedisValue> value) {
    // It was made a replica while we were connected.
    const bool is_replica = value && value->is_error() && value->text.starts_with("READONLY");
    const bool is_node = value && value->is_error() && is_of_cluster(value->text);
    told(std::move(value));
    if (is_node) return fail_as_cluster();
    if (is_replica) fail(server_ + " is no master any more");
  });
}

bool RedisClient::subscribe(const RedisWords& channels, RedisReply reply) {
  return is_up_ && connection_->subscribe(channels, std::move(reply));
}

// fail may be called by the connection, which therefore goes later, after it has told everybody who
// waits for a reply.
void RedisClient::fail(std::string why) {
  if (std::exchange(has_failed_, true)) return;
  last_error_ = std::move(why);
  if (connection_) connection_->close(last_error_);
  loop_.enqueue(*this);
}

void RedisClient::run() {
  connection_.reset();
  if (auto server = std::exchange(found_, std::nullopt); server && !has_failed_) {
    return connect_to(*std::move(server));
  }
  if (!std::exchange(has_failed_, false)) return;
  ++failures_;
  timer_.arm(next_delay());
  if (std::exchange(is_up_, false) && hooks_.on_down) hooks_.on_down(last_error_);
}

Milliseconds RedisClient::next_delay() {
  const Milliseconds most = delay_;
  delay_ = std::min(delay_ * 2, retry_.last);
  std::uniform_int_distribution<std::int64_t> random(most.count() / 2, most.count());
  return Milliseconds(random(random_));
}

}  // namespace sallyport::clients
