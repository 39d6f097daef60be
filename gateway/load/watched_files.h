#pragma once

// WatchedFiles is what a configuration was read from besides its document: certificates, keys,
// trust stores and revocation lists, with the content that they had when they were read.

#include <optional>
#include <string>
#include <vector>

#include "gateway/base/file.h"
#include "gateway/crypto/digest.h"

namespace sallyport::load {

class WatchedFiles {
 public:
  // add notes a file or folder; call it before reading it.
  void add(const std::string& path);

  const std::vector<std::string>& paths() const { return paths_; }
  // noted is the digest of all content as it was when added; present is the same of now. A change
  // of times or permissions that leaves the content is none.
  crypto::Sha256 noted() const { return crypto::sha256(content_); }
  crypto::Sha256 present() const;
  // is_as_noted says that nothing was touched since add: what was read is what was noted. Files
  // that were swapped meanwhile, there and back, are told by their inode and time of change.
  bool is_as_noted() const;

 private:
  std::vector<std::string> paths_;
  std::string content_;                           // digests, in the order of paths_
  std::vector<std::optional<FileStamp>> stamps_;  // in the order of paths_
};

}  // namespace sallyport::load
