#include "gateway/cli/trust_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/certificate.h"
#include "gateway/json/json.h"
#include "gateway/tls/file_text.h"

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDescription = 64 * 1024;

// replace writes a file beside its place, to the disk, and renames it there.
Result<void> replace(const fs::path& path, const std::string& text) {
  const fs::path half = path.parent_path() / ("." + path.filename().string() + ".new");
  std::FILE* file = std::fopen(half.c_str(), "we");
  bool good = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
              std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  if (file != nullptr) good = std::fclose(file) == 0 && good;
  good = good && std::rename(half.c_str(), path.c_str()) == 0;
  if (good) return {};
  return Error{Fault::gateway, path.string() + ": cannot be written: " + std::strerror(errno)};
}

std::string quoted(const std::string& text) {
  std::string out;
  json::append_quoted(out, text);
  return out;
}

}  // namespace

std::string is_entry_id(const std::string& id) {
  const bool good =
      !id.empty() && id.size() <= 64 && id.front() != '.' && std::ranges::all_of(id, [](char c) {
        return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
      });
  return good ? "" : "an id is made of letters, digits, '-', '_' and '.'";
}

Result<void> add_to_folder(const std::string& folder, const NewEntry& entry) {
  constexpr std::size_t kMostCertificates = 1000;
  if (const auto read = crypto::read_certificates(entry.pem, kMostCertificates); !read) {
    return read.error();
  }
  const fs::path yaml = fs::path(folder) / (entry.id + ".yaml");
  const fs::path pem = fs::path(folder) / (entry.id + ".pem");
  std::error_code error;
  if (fs::exists(yaml, error) || fs::exists(pem, error)) {
    return Error{Fault::client, "there is an entry " + entry.id + " already"};
  }
  std::string description = "overlap_until: " + utc_text(entry.overlap_until) + "\n";
  if (!entry.note.empty()) description += "note: " + quoted(entry.note) + "\n";
  // First what describes it: alone it is an error, which keeps what runs. The certificate alone
  // would count.
  if (auto written = replace(yaml, description); !written) return written;
  return replace(pem, entry.pem);
}

Result<void> retire_in_folder(const std::string& folder, const std::string& id, std::int64_t at) {
  const fs::path yaml = fs::path(folder) / (id + ".yaml");
  std::string description;
  std::error_code error;
  if (!fs::exists(yaml, error) && !fs::exists(fs::path(folder) / (id + ".pem"), error)) {
    return Error{Fault::client, "the entry " + id + " is not one of " + folder +
                                    "; write its `retire_after` where it is configured"};
  }
  if (fs::exists(yaml, error)) {
    const auto read = tls::read_file(yaml.string(), kMaxDescription);
    if (!read) return read.error();
    for_each_piece(read->text, '\n', [&](std::string_view line) {
      if (line.empty() || line.starts_with("retire_after:")) return;
      description.append(line).append("\n");
    });
  }
  return replace(yaml, description + "retire_after: " + utc_text(at) + "\n");
}

}  // namespace sallyport::cli
