#include "gateway/load/watched_files.h"

#include <array>
#include <filesystem>
#include <string_view>

#include "gateway/crypto/revocation_list.h"
#include "gateway/load/trust_reader.h"
#include "gateway/tls/file_text.h"

namespace sallyport::load {
namespace {

std::string content_of(const std::string& path) {
  std::string content(crypto::as_text(crypto::sha256(path)));
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    constexpr std::array<std::string_view, 3> kAll{".pem", ".yaml", ".crl"};
    const auto files = TrustReader::files_in(path, kAll);
    if (!files) return content;
    for (const std::string& file : *files) content += crypto::as_text(crypto::sha256(file));
    return content;
  }
  const auto read = tls::read_file(path, crypto::kMaxRevocationListBytes);
  // Looked at where it was read: a copy of a key would not be wiped.
  const std::string_view text = read ? std::string_view(read->text) : "unreadable";
  return content.append(crypto::as_text(crypto::sha256(text)));
}

}  // namespace

void WatchedFiles::add(const std::string& path) {
  stamps_.push_back(stamp_of(path));
  content_ += content_of(path);
  paths_.push_back(path);
}

bool WatchedFiles::is_as_noted() const {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (stamp_of(paths_[i]) != stamps_[i]) return false;
  }
  return present() == noted();
}

crypto::Sha256 WatchedFiles::present() const {
  std::string content;
  for (const std::string& path : paths_) content += content_of(path);
  return crypto::sha256(content);
}

}  // namespace sallyport::load
