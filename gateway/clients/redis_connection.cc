#include "gateway/clients/redis_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/clients/dial.h"
#include "gateway/tls/client_context.h"

namespace sallyport::clients {
namespace {

// Others on the loop get their turn after so many reads of a server that sends without a pause.
constexpr int kReadsInARow = 32;

bool is_message(const RedisValue& value) {
  return value.is_array_of(3) &&
         (value.items[0].text == "message" || value.items[0].text == "pmessage");
}

}  // namespace

RedisConnection::RedisConnection(event::Loop& loop, RedisConnectionOptions options, Hooks hooks)
    : loop_(loop),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      timer_(loop, *this),
      reader_(options_.reply) {
  DialTarget target;
  target.host = options_.server.host;
  target.port = options_.server.port;
  target.unix_path = options_.server.unix_path;
  target.is_secure = options_.tls != nullptr;
  target.server_name = options_.server_name;
  target.plain_elsewhere = "it is on another machine, which needs TLS";
  dialling_ = dial(loop_, options_.tls, std::move(target), options_.connect_timeout);
  dialling_.then([this](Result<std::unique_ptr<event::Transport>> connection) {
    dialling_ = {};
    if (!connection) return end(connection.error().text);
    log_in(*std::move(connection));
  });
}

RedisConnection::~RedisConnection() = default;

void RedisConnection::log_in(std::unique_ptr<event::Transport> transport) {
  transport_ = std::move(transport);
  watch_ = std::make_unique<event::Watch>(loop_, transport_->fd(),
                                          static_cast<event::WatchHandler&>(*this));
  watch_->want_read(true);
  phase_ = Phase::login;
  last_heard_ = loop_.mono();
  const RedisLogin& login = options_.login;
  if (!login.username.empty()) {
    log_in_with({"AUTH", login.username, login.password}, "AUTH");
  } else if (!login.password.empty()) {
    log_in_with({"AUTH", login.password}, "AUTH");
  }
  if (login.database != 0) log_in_with({"SELECT", std::to_string(login.database)}, "SELECT");
  // Last, as its reply is what tells that we are in. A server may forbid it and be good all the
  // same; one that wants a password that we have not, says so here.
  enqueue(
      {"CLIENT", "SETNAME", options_.name},
      [this](Result<RedisValue> reply) {
        if (!reply) return;
        if (reply->is_error() && reply->text.starts_with("NOAUTH")) {
          return end("it wants a password: " + reply->text);
        }
        become_ready();
      },
      1);
}

void RedisConnection::log_in_with(const RedisWords& words, const char* what) {
  enqueue(
      words,
      [this, what](Result<RedisValue> reply) {
        // What the server says names no secret: it does not repeat what it was given.
        if (reply && reply->is_error()) end(std::string(what) + " failed: " + reply->text);
      },
      1);
}

void RedisConnection::become_ready() {
  if (phase_ != Phase::login) return;
  phase_ = Phase::ready;
  hooks_.on_ready();
}

bool RedisConnection::command(const RedisWords& words, RedisReply reply) {
  return is_ready() && enqueue(words, std::move(reply), 1);
}

bool RedisConnection::subscribe(const RedisWords& channels, RedisReply reply) {
  if (!is_ready() || channels.empty()) return false;
  RedisWords words{"SUBSCRIBE"};
  words.insert(words.end(), channels.begin(), channels.end());
  const bool is_sent = enqueue(words, std::move(reply), channels.size());
  is_subscribed_ = is_subscribed_ || is_sent;
  return is_sent;
}

bool RedisConnection::enqueue(const RedisWords& words, RedisReply reply, std::size_t replies) {
  if (waiting_.size() >= options_.max_commands) return false;
  const std::string command = redis_command(words);
  if (unsent_.size() + command.size() > options_.max_unsent) return false;
  unsent_ += command;
  waiting_.push_back({std::move(reply), loop_.mono() + options_.command_timeout, replies});
  arm_timer();
  loop_.enqueue(*this);  // what is asked in one go is sent in one go
  return true;
}

// run is the one place from which on_end is called: with nothing of ours below it on the stack.
void RedisConnection::run() {
  if (phase_ != Phase::over) {
    if (std::exchange(has_more_to_read_, false)) receive();
    return send();
  }
  for (Waiting& one : std::exchange(waiting_, {})) {
    one.reply(Error{Fault::dependency, why_});
  }
  if (!std::exchange(has_ended_, true)) hooks_.on_end(why_);
}

void RedisConnection::send() {
  while (phase_ != Phase::over && !unsent_.empty()) {
    const iovec piece{unsent_.data(), unsent_.size()};
    const auto result = transport_->write({&piece, 1});
    switch (result.outcome) {
      case event::Io::done:
        unsent_.erase(0, result.bytes);
        break;
      case event::Io::again_write:
        return watch_->want_write(true);
      case event::Io::again_read:
        return watch_->want_write(false);
      default:
        return end("the connection broke");
    }
  }
  if (phase_ != Phase::over) watch_->want_write(false);
}

void RedisConnection::receive() {
  std::array<char, 16 * 1024> buffer;
  for (int reads = 0; reads < kReadsInARow && phase_ != Phase::over; ++reads) {
    const auto result = transport_->read(buffer);
    if (result.outcome == event::Io::again_read) return;
    if (result.outcome == event::Io::again_write) return watch_->want_write(true);
    if (result.outcome == event::Io::end) return end("the server closed the connection");
    if (result.outcome != event::Io::done) return end("the connection broke");
    last_heard_ = loop_.mono();
    if (!reader_.feed({buffer.data(), result.bytes}) || !take_replies()) {
      return end(reader_.error());
    }
  }
  if (phase_ == Phase::over) return;
  has_more_to_read_ = true;
  loop_.enqueue(*this);
}

// take_replies is false when what came is no reply.
bool RedisConnection::take_replies() {
  while (phase_ != Phase::over) {
    auto value = reader_.next();
    if (!value) break;
    deliver(*std::move(value));
  }
  arm_timer();
  return reader_.error().empty();
}

void RedisConnection::deliver(RedisValue value) {
  if (is_subscribed_ && is_message(value)) {
    if (hooks_.on_message) hooks_.on_message(std::move(value));
    return;
  }
  if (waiting_.empty()) return end("the server sent a reply that nothing asked for");
  // An error is the one reply to a whole SUBSCRIBE.
  if (!value.is_error() && --waiting_.front().replies > 0) return;
  const Waiting one = std::move(waiting_.front());
  waiting_.pop_front();
  one.reply(std::move(value));
}

// Replies come in order, so the first that waits is the first to be late.
void RedisConnection::arm_timer() {
  if (phase_ == Phase::over) return;
  const MonoTime due =
      waiting_.empty() ? last_heard_ + options_.ping_after : waiting_.front().deadline;
  timer_.arm(Milliseconds(std::max<std::int64_t>(1, (due.us - loop_.mono().us + 999) / 1000)));
}

void RedisConnection::on_timer() {
  if (phase_ == Phase::over) return;
  const MonoTime now = loop_.mono();
  if (!waiting_.empty() && now >= waiting_.front().deadline) {
    return end("no reply within " + std::to_string(options_.command_timeout.count()) + " ms");
  }
  if (waiting_.empty() && phase_ == Phase::ready && now >= last_heard_ + options_.ping_after) {
    if (!enqueue(
            {"PING"}, [](Result<RedisValue>) {}, 1))
      return end("it cannot be pinged");
    return;
  }
  arm_timer();
}

void RedisConnection::close(std::string why) {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  why_ = std::move(why);
  dialling_ = {};
  timer_.disarm();
  watch_.reset();
  transport_.reset();
  loop_.enqueue(*this);
}

}  // namespace sallyport::clients
