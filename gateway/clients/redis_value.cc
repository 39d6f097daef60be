#include "gateway/clients/redis_value.h"

#include <hiredis/hiredis.h>

#include <utility>

#include "gateway/base/check.h"

namespace sallyport::clients {

// RedisReplyMaker is what hiredis calls to build a reply: values go straight into their place in
// the tree. A null result, for an array that is too large, ends the reading; the reader then says
// "out of memory".
struct RedisReplyMaker {
  static RedisValue* place(const redisReadTask* task) {
    auto* reader = static_cast<RedisReplyReader*>(task->privdata);
    if (task->parent == nullptr) {
      reader->values_ = 1;
      return new RedisValue;
    }
    auto* parent = static_cast<RedisValue*>(task->parent->obj);
    return &parent->items[static_cast<std::size_t>(task->idx)];
  }

  static void* make_string(const redisReadTask* task, char* text, std::size_t size) {
    RedisValue* value = place(task);
    value->kind = task->type == REDIS_REPLY_ERROR    ? RedisValue::Kind::error
                  : task->type == REDIS_REPLY_STATUS ? RedisValue::Kind::status
                                                     : RedisValue::Kind::text;
    value->text.assign(text, size);
    return value;
  }

  static void* make_array(const redisReadTask* task, int elements) {
    auto* reader = static_cast<RedisReplyReader*>(task->privdata);
    const auto count = static_cast<std::size_t>(elements);
    const std::size_t before = task->parent == nullptr ? 1 : reader->values_;
    // Before the room for them is made: the count is only a promise of the server's.
    if (elements < 0 || before + count > reader->limits_.max_values) return nullptr;
    RedisValue* value = place(task);
    reader->values_ += count;
    value->kind = RedisValue::Kind::array;
    value->items.resize(count);
    return value;
  }

  static void* make_integer(const redisReadTask* task, long long number) {
    RedisValue* value = place(task);
    value->kind = RedisValue::Kind::integer;
    value->integer = number;
    return value;
  }

  static void* make_nil(const redisReadTask* task) { return place(task); }

  // Called with the root only.
  static void free_value(void* value) { delete static_cast<RedisValue*>(value); }
};

namespace {

redisReplyObjectFunctions makers{RedisReplyMaker::make_string, RedisReplyMaker::make_array,
                                 RedisReplyMaker::make_integer, RedisReplyMaker::make_nil,
                                 RedisReplyMaker::free_value};

}  // namespace

void RedisReplyReader::ReaderFree::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisReplyReader::RedisReplyReader(RedisReplyLimits limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(&makers)) {
  SALLYPORT_CHECK(reader_ != nullptr);
  reader_->privdata = this;
}

RedisReplyReader::~RedisReplyReader() = default;

bool RedisReplyReader::feed(std::string_view octets) {
  if (!error_.empty()) return false;
  const std::size_t waiting = reader_->len - reader_->pos;
  if (waiting + octets.size() > limits_.max_bytes) {
    error_ = "a reply is larger than " + std::to_string(limits_.max_bytes) + " bytes";
    return false;
  }
  SALLYPORT_CHECK(redisReaderFeed(reader_.get(), octets.data(), octets.size()) == REDIS_OK);
  return true;
}

std::optional<RedisValue> RedisReplyReader::next() {
  if (!error_.empty()) return std::nullopt;
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    error_ = reader_->err == REDIS_ERR_OOM
                 ? "a reply has more than " + std::to_string(limits_.max_values) + " values"
                 : "not a Redis reply: " + std::string(reader_->errstr);
    return std::nullopt;
  }
  if (raw == nullptr) return std::nullopt;
  const std::unique_ptr<RedisValue> root(static_cast<RedisValue*>(raw));
  return std::move(*root);
}

std::string redis_command(const std::vector<std::string_view>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* rendered = nullptr;
  const int size =
      redisFormatCommandArgv(&rendered, static_cast<int>(words.size()), texts.data(), sizes.data());
  SALLYPORT_CHECK(size > 0);
  std::string command(rendered, static_cast<std::size_t>(size));
  redisFreeCommand(rendered);
  return command;
}

}  // namespace sallyport::clients
