#include "gateway/cli/trust_folder.h"

#include <algorithm>
#include <filesystem>

#include "gateway/base/file.h"
#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/certificate.h"
#include "gateway/json/value.h"
#include "gateway/tls/file_text.h"

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDescription = 64 * 1024;

// is_there does not follow links: a name that is taken is taken.
bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
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
  if (is_there(yaml) || is_there(pem)) {
    return Error{Fault::client, "there is an entry " + entry.id + " already"};
  }
  std::string description = "overlap_until: " + utc_text(entry.overlap_until) + "\n";
  if (!entry.note.empty()) description += "note: " + json::Draft(entry.note).dump() + "\n";
  // First what describes it: alone it is an error, which keeps what runs. The certificate alone
  // would count.
  if (auto written = write_file(yaml.string(), description); !written) return written;
  return write_file(pem.string(), entry.pem);
}

Result<void> retire_in_folder(const std::string& folder, const std::string& id, std::int64_t at) {
  const fs::path yaml = fs::path(folder) / (id + ".yaml");
  std::string description;
  if (!is_there(yaml) && !is_there(fs::path(folder) / (id + ".pem"))) {
    return Error{Fault::client, "the entry " + id + " is not one of " + folder +
                                    "; write its `retire_after` where it is configured"};
  }
  if (is_there(yaml)) {
    // Whoever may write to the folder could have what a link names copied into it.
    const auto read = tls::read_file(yaml.string(), kMaxDescription, Links::refused);
    if (!read) return read.error();
    for_each_piece(read->text, '\n', [&](std::string_view line) {
      if (line.empty() || line.starts_with("retire_after:")) return;
      description.append(line).append("\n");
    });
  }
  return write_file(yaml.string(), description + "retire_after: " + utc_text(at) + "\n");
}

}  // namespace sallyport::cli
