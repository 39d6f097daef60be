// The only file that knows the YAML library. It is used through its events, because only they tell
// duplicate keys, anchors and positions; the events build the tree of Nodes.

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/config/message.h"
#include "gateway/config/node.h"
#include "gateway/config/text_check.h"

namespace sallyport::config {
namespace {

constexpr std::string_view kTooDeep = "nested too deep: 32 levels are the limit";
static_assert(kMaxDepth == 32, "the message names the limit");

bool is_simple_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '_' || c == '-';
  });
}

std::string join_path(const std::string& parent, std::string_view key) {
  if (!is_simple_key(key)) return parent + '[' + quoted(key) + ']';
  return parent.empty() ? std::string(key) : parent + '.' + std::string(key);
}

// is_closed says whether the quoted scalar at the start of `text` ends. The library takes one that
// never does for a text up to the end of the file, all further options included.
bool is_closed(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;  // '' is a quotation mark within
    }
  }
  return false;
}

// TreeBuilder turns events into a tree without recursion. What it refuses it reports, and it reads
// on for the next mistake; after a broken limit it ignores all further events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::shared_ptr<const std::string> file, Findings& findings)
      : text_(text), file_(std::move(file)), findings_(findings) {}

  bool stopped() const { return stopped_; }
  std::optional<Node> take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      stop(mark,
           "a second document, or lines that do not belong to those above: a configuration is one "
           "document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (refuse_key(mark) || !begin(mark, "", anchor)) return;
    Node node = make(mark, Node::Kind::null);
    // An empty value has no place of its own; the library names that of what comes next.
    if (!stack_.empty() && stack_.back().node.is_mapping()) node.at = stack_.back().key_at;
    attach(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    if (refuse_key(mark)) return;
    report(mark, "an alias (*name): write the value out where it holds");
    attach(make(mark, Node::Kind::null));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!begin(mark, tag, anchor)) return;
    if (tag == "!") check_quotes(mark);
    if (value.find('\0') != std::string::npos) report(mark, "NUL (\\0) in a text: remove it");
    if (at_key()) return take_key(mark, value, tag == "!");
    Node node = make(mark, Node::Kind::scalar);
    node.scalar = value;
    node.quoted = tag == "!";
    attach(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    if (refuse_key(mark) || !begin(mark, tag, anchor)) return;
    push(mark, Node::Kind::sequence);
  }
  void OnSequenceEnd() override { pop(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    if (refuse_key(mark) || !begin(mark, tag, anchor)) return;
    push(mark, Node::Kind::mapping);
  }
  void OnMapEnd() override { pop(); }

 private:
  struct Frame {
    Node node;
    bool at_key = false;  // a mapping's next event is a key
    std::string key;
    Position key_at;
    std::unordered_map<std::string, int> lines;  // of the keys so far
  };

  Position position(const YAML::Mark& mark) const {
    return {file_, mark.line + 1, mark.column + 1};
  }

  void report(const YAML::Mark& mark, std::string message) {
    findings_.add({Severity::error, position(mark), stack_.empty() ? "" : stack_.back().node.path,
                   std::move(message)});
  }

  void stop(const YAML::Mark& mark, std::string message) {
    if (stopped_) return;
    report(mark, std::move(message));
    stopped_ = true;
  }

  bool at_key() const { return !stack_.empty() && stack_.back().at_key; }

  bool refuse_key(const YAML::Mark& mark) {
    if (at_key()) stop(mark, "a key that is no text: write a name before the colon");
    return stopped_;
  }

  // begin checks what every node must obey; false when the node is to be ignored.
  bool begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (stopped_) return false;
    if (++nodes_ > kMaxNodes) {
      stop(mark, "more than 200000 values: keep long lists in files of their own");
      static_assert(kMaxNodes == 200'000, "the message names the limit");
      return false;
    }
    if (anchor != YAML::NullAnchor) {
      report(mark, "an anchor (&name): write the value out where it holds");
    }
    // The library gives "!" to quoted and "?" to plain nodes that have no tag.
    if (!tag.empty() && tag != "!" && tag != "?") {
      report(mark, "a tag (" + quoted(tag) + "): remove it");
    }
    return true;
  }

  // check_quotes looks at a scalar that the library calls quoted.
  void check_quotes(const YAML::Mark& mark) {
    const std::string_view scalar =
        text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()));
    if (scalar.starts_with('|') || scalar.starts_with('>')) return;
    if (!scalar.starts_with('"') && !scalar.starts_with('\'')) {
      report(mark, "a tag (!): remove it");
    } else if (!is_closed(scalar)) {
      report(mark, "a text in quotation marks that does not end: close it");
    }
  }

  void take_key(const YAML::Mark& mark, const std::string& key, bool is_quoted) {
    Frame& frame = stack_.back();
    if (key == "<<" && !is_quoted) report(mark, "a merge key (<<): write the values out");
    if (key.size() > kMaxKeyBytes) return stop(mark, "a key of more than 256 bytes");
    static_assert(kMaxKeyBytes == 256, "the message names the limit");
    const auto [first, is_new] = frame.lines.emplace(key, mark.line + 1);
    if (!is_new) {
      report(mark, "duplicate key " + quoted(key) + ", first in line " +
                       std::to_string(first->second) + ": keep one of them");
    }
    frame.key = key;
    frame.key_at = position(mark);
    frame.at_key = false;
  }

  Node make(const YAML::Mark& mark, Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.at = position(mark);
    if (!stack_.empty()) {
      const Frame& frame = stack_.back();
      const Node& parent = frame.node;
      node.path = parent.is_mapping()
                      ? join_path(parent.path, frame.key)
                      : parent.path + '[' + std::to_string(parent.items.size()) + ']';
      if (node.path.size() > kMaxPathBytes) stop(mark, "keys too long for this nesting");
    }
    return node;
  }

  void push(const YAML::Mark& mark, Node::Kind kind) {
    if (stack_.size() >= static_cast<std::size_t>(kMaxDepth)) {
      return stop(mark, std::string(kTooDeep));
    }
    Frame frame;
    frame.node = make(mark, kind);
    frame.at_key = kind == Node::Kind::mapping;
    stack_.push_back(std::move(frame));
  }

  void pop() {
    if (stopped_) return;
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    attach(std::move(node));
  }

  void attach(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_sequence()) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    frame.node.members.push_back({std::move(frame.key), frame.key_at, std::move(node)});
    frame.key.clear();
    frame.at_key = true;
  }

  const std::string_view text_;
  const std::shared_ptr<const std::string> file_;
  Findings& findings_;
  std::vector<Frame> stack_;
  std::optional<Node> root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
  bool stopped_ = false;
};

// read_events runs the library, which throws; nothing leaves this function but findings.
void read_events(std::string_view text, const std::shared_ptr<const std::string>& file,
                 TreeBuilder& builder, Findings& findings) {
  const auto fail = [&](const YAML::Mark& mark, std::string message) {
    if (builder.stopped()) return;
    Position at{file, 0, 0};
    if (!mark.is_null()) at = {file, mark.line + 1, mark.column + 1};
    findings.add({Severity::error, std::move(at), "", std::move(message)});
  };
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (!builder.stopped() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::DeepRecursion& e) {
    fail(e.mark, std::string(kTooDeep));
  } catch (const YAML::Exception& e) {
    fail(e.mark, "not valid YAML: " + e.msg +
                     ": check the indentation above and quote text that holds ': ' or ' #'");
  } catch (const std::exception& e) {
    fail(YAML::Mark::null_mark(), std::string("cannot be read as YAML: ") + e.what());
  }
}

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, std::shared_ptr<const std::string> file,
                               Findings& findings) {
  const std::size_t errors_before = findings.error_count();
  if (text.size() > kMaxFileBytes) {
    findings.add({Severity::error, {file, 0, 0}, "", "larger than 4 MiB, the limit of a file"});
    static_assert(kMaxFileBytes == 4 * 1024 * 1024, "the message names the limit");
    return std::nullopt;
  }
  if (!check_text(text, file, findings)) return std::nullopt;
  TreeBuilder builder(text, file, findings);
  read_events(text, file, builder, findings);
  if (findings.error_count() > errors_before) return std::nullopt;
  auto root = builder.take_root();
  if (!root || root->is_null()) {
    findings.add(
        {Severity::error, {std::move(file), 0, 0}, "", "empty: it holds no configuration"});
    return std::nullopt;
  }
  return root;
}

}  // namespace sallyport::config
