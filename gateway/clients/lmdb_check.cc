#include "gateway/clients/lmdb_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace sallyport::clients {
namespace {

// The layout of mdb.c, which has no public header for it.
constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr std::size_t kPageHead = 16;
constexpr std::size_t kNodeHead = 8;
constexpr int kMostDepth = 32;
constexpr std::uint16_t kBranch = 0x01, kLeaf = 0x02, kOverflow = 0x04, kMetaPage = 0x08;
constexpr std::uint16_t kDirty = 0x10;    // may stand in a page that was written
constexpr std::uint16_t kBigData = 0x01;  // of a node: the data is on pages of its own
constexpr std::uint16_t kSubData = 0x02, kDupData = 0x04;

struct Tree {
  std::uint32_t pad;
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branch_pages;
  std::uint64_t leaf_pages;
  std::uint64_t overflow_pages;
  std::uint64_t entries;
  std::uint64_t root;
};
static_assert(sizeof(Tree) == 48);

struct Meta {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint64_t address;
  std::uint64_t map_size;
  std::array<Tree, 2> trees;  // of free pages, of the entries
  std::uint64_t last_page;
  std::uint64_t transaction;
};
static_assert(sizeof(Meta) == 136);

struct PageHead {
  std::uint64_t number;
  std::uint16_t pad;
  std::uint16_t flags;
  std::uint16_t lower;  // with upper: the number of pages, of an overflow page
  std::uint16_t upper;
};
static_assert(sizeof(PageHead) == kPageHead);

struct NodeHead {
  std::uint16_t low;
  std::uint16_t high;
  std::uint16_t flags;
  std::uint16_t key_size;

  std::uint32_t data_size() const { return low | std::uint32_t{high} << 16; }
  std::uint64_t child() const { return data_size() | std::uint64_t{flags} << 32; }
};
static_assert(sizeof(NodeHead) == kNodeHead);

template <class T>
T read_as(const std::vector<char>& page, std::size_t at) {
  T value;
  std::memcpy(&value, page.data() + at, sizeof value);
  return value;
}

class Walk {
 public:
  Walk(int fd, std::uint64_t size)
      : fd_(fd), size_(size), page_size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {}

  Result<LmdbShape> run() {
    if (size_ < 2 * page_size_) return cut_short(2 * page_size_);
    const auto meta = newest_meta();
    if (!meta) return error_;
    last_page_ = meta->last_page;
    if (last_page_ < 1 || last_page_ >= size_ / page_size_) {
      return cut_short((last_page_ + 1) * page_size_);
    }
    seen_.assign(last_page_ + 1, false);
    for (const Tree& tree : meta->trees) {
      if (tree.root == kNoPage) continue;
      if (!visit(tree.root, 1)) return error_;
    }
    return LmdbShape{false, pages_, meta->trees[1].entries};
  }

 private:
  Error cut_short(std::uint64_t whole) const {
    return {Fault::gateway,
            fmt::format("it is cut short: {} bytes are there, {} belong to it", size_, whole)};
  }

  bool fail(std::uint64_t page, std::string_view what) {
    error_ = {Fault::gateway, fmt::format("page {} is damaged: {}", page, what)};
    return false;
  }

  bool read(std::uint64_t number, std::vector<char>& to) {
    to.resize(page_size_);
    const ssize_t got = pread(fd_, to.data(), page_size_, static_cast<off_t>(number * page_size_));
    if (got == static_cast<ssize_t>(page_size_)) return true;
    return fail(number, got < 0 ? std::strerror(errno) : "it is not there");
  }

  // LMDB takes the meta page of the newer transaction, and the other one when that is no meta page.
  std::optional<Meta> newest_meta() {
    std::optional<Meta> newest;
    for (std::uint64_t number = 0; number < 2; ++number) {
      std::vector<char> page;
      if (!read(number, page)) return std::nullopt;
      const auto head = read_as<PageHead>(page, 0);
      const auto meta = read_as<Meta>(page, kPageHead);
      if ((head.flags & kMetaPage) == 0 || meta.magic != kMagic || meta.version != kVersion) {
        fail(number, "it does not describe an LMDB file");
        return std::nullopt;
      }
      if (meta.trees[0].pad != page_size_) {
        fail(number, "it is of a machine with pages of another size");
        return std::nullopt;
      }
      if (!newest || meta.transaction > newest->transaction) newest = meta;
    }
    return newest;
  }

  // A page belongs to one place of one tree.
  bool take(std::uint64_t number) {
    if (number < 2 || number > last_page_) return fail(number, "there is no such page");
    if (seen_[number]) return fail(number, "two places refer to it");
    seen_[number] = true;
    ++pages_;
    return true;
  }

  bool visit(std::uint64_t number, int depth) {
    if (depth > kMostDepth) return fail(number, "the tree is too deep");
    std::vector<char> page;
    if (!take(number) || !read(number, page)) return false;
    const auto head = read_as<PageHead>(page, 0);
    if (head.number != number) return fail(number, "it says that it is another one");
    const std::uint16_t kind = head.flags & static_cast<std::uint16_t>(~kDirty);
    if (kind != kBranch && kind != kLeaf) return fail(number, "it is of no known kind");
    const bool has_room = head.lower >= kPageHead && head.lower <= head.upper &&
                          head.upper <= page_size_ && (head.lower - kPageHead) % 2 == 0;
    if (!has_room) return fail(number, "its bounds are wrong");
    const std::size_t nodes = (head.lower - kPageHead) / 2;
    // A branch has two children at least; LMDB asserts it.
    if (nodes < (kind == kBranch ? 2U : 1U)) return fail(number, "it has too few entries");
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto at = read_as<std::uint16_t>(page, kPageHead + 2 * i);
      if (at < head.upper || at + kNodeHead > page_size_ || at % 2 != 0) {
        return fail(number, "an entry lies outside of it");
      }
      const auto node = read_as<NodeHead>(page, at);
      if (at + kNodeHead + node.key_size > page_size_) {
        return fail(number, "a key lies outside of it");
      }
      const bool good =
          kind == kBranch ? visit(node.child(), depth + 1) : visit_value(number, page, at, node);
      if (!good) return false;
    }
    return true;
  }

  bool visit_value(std::uint64_t number, const std::vector<char>& page, std::size_t at,
                   const NodeHead& node) {
    if (node.key_size == 0) return fail(number, "an entry has no key");
    if ((node.flags & (kSubData | kDupData)) != 0 || (node.flags & ~kBigData) != 0) {
      return fail(number, "an entry is of no known kind");
    }
    const std::size_t data = at + kNodeHead + node.key_size;
    if ((node.flags & kBigData) == 0) {
      return data + node.data_size() <= page_size_ || fail(number, "a value lies outside of it");
    }
    if (data + sizeof(std::uint64_t) > page_size_) {
      return fail(number, "a value lies outside of it");
    }
    return visit_overflow(read_as<std::uint64_t>(page, data), node.data_size());
  }

  bool visit_overflow(std::uint64_t first, std::uint32_t octets) {
    std::vector<char> page;
    if (!take(first) || !read(first, page)) return false;
    const auto head = read_as<PageHead>(page, 0);
    if (head.number != first) return fail(first, "it says that it is another one");
    if ((head.flags & kOverflow) == 0) return fail(first, "it is of no known kind");
    const std::uint64_t count = head.lower | std::uint64_t{head.upper} << 16;
    const std::uint64_t needed = (kPageHead + octets + page_size_ - 1) / page_size_;
    if (count < needed) return fail(first, "its value does not fit");
    for (std::uint64_t i = 1; i < count; ++i) {
      if (!take(first + i)) return false;
    }
    return true;
  }

  const int fd_;
  const std::uint64_t size_;
  const std::size_t page_size_;
  std::uint64_t last_page_ = 0;
  std::vector<bool> seen_;
  std::size_t pages_ = 0;
  Error error_{Fault::gateway, {}};
};

}  // namespace

Result<LmdbShape> check_lmdb(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return Error{Fault::gateway, std::strerror(errno)};
  if (!S_ISREG(status.st_mode)) return Error{Fault::gateway, "it is not a regular file"};
  if (status.st_size == 0) return LmdbShape{true, 0, 0};
  return Walk(fd, static_cast<std::uint64_t>(status.st_size)).run();
}

}  // namespace sallyport::clients
