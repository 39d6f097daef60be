#include "gateway/load/trust_reader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "gateway/base/text.h"
#include "gateway/crypto/pem_file.h"
#include "gateway/tls/file_text.h"

namespace sallyport::load {
namespace {

constexpr std::array<std::string_view, 2> kEntryEndings{".pem", ".yaml"};
constexpr std::array<std::string_view, 2> kListEndings{".crl", ".pem"};

std::string stem_of(const std::string& path) { return std::filesystem::path(path).stem().string(); }

std::vector<crypto::NamePattern> patterns_of(const std::vector<config::At<std::string>>& texts,
                                             config::Findings& findings) {
  std::vector<crypto::NamePattern> patterns;
  for (const auto& text : texts) {
    if (auto pattern = crypto::NamePattern::parse(*text)) {
      patterns.push_back(std::move(*pattern));
    } else {
      findings.error(text.node, pattern.error().text);
    }
  }
  return patterns;
}

// names_a_ca looks at the first certificate: a file that is put into a folder says itself what it
// is.
bool names_a_ca(const std::string& name, const std::string& pem) {
  tls::TrustStoreSpec spec;
  tls::TrustEntrySpec entry;
  entry.id = name;
  entry.pem = pem;
  spec.entries.push_back(std::move(entry));
  return tls::TrustStore::make(std::move(spec), wall_now()).has_value();
}

}  // namespace

std::optional<crypto::Sha256> TrustReader::digest_of(std::string_view hex) {
  std::string digits(hex);
  std::erase(digits, ':');
  crypto::Sha256 digest{};
  if (digits.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(digits[2 * i]);
    const int low = hex_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return digest;
}

Result<std::vector<std::string>> TrustReader::files_in(const std::string& folder,
                                                       std::span<const std::string_view> endings) {
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  std::vector<std::string> paths;
  while (!error && at != std::filesystem::directory_iterator()) {
    const std::string name = at->path().filename().string();
    const bool fits = std::ranges::any_of(endings, [&](auto end) { return name.ends_with(end); });
    // A hidden file is one that is still being written.
    if (fits && !name.starts_with('.')) paths.push_back(at->path().string());
    at.increment(error);
  }
  if (error) return Error{Fault::gateway, folder + ": cannot be read: " + error.message()};
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::optional<tls::FileText> TrustReader::content(const std::string& path, std::size_t limit,
                                                  const config::Node& node) {
  watched_.add(path);
  auto read = tls::read_file(path, limit);
  if (read) return *std::move(read);
  findings_.error(node, read.error().text);
  return std::nullopt;
}

std::optional<std::string> TrustReader::certificates(const std::string& path,
                                                     const config::Node& node) {
  auto file = content(path, tls::TrustStore::kMaxFileBytes, node);
  if (!file) return std::nullopt;
  const auto taken =
      crypto::take_certificates(file->text, tls::TrustStore::kMaxAnchors, crypto::PemUse::trust);
  if (!taken) {
    findings_.error(node, path + ": " + taken.error().text);
    return std::nullopt;
  }
  tell(path, taken->told, node);
  return std::move(file->text);
}

void TrustReader::tell(const std::string& path, const std::string& told, const config::Node& node) {
  if (!told.empty()) findings_.note(node, path + ": " + told);
}

std::optional<tls::TrustStoreSpec> TrustReader::read(const std::string& name,
                                                     const TrustStoreSettings& settings,
                                                     const config::Node& node) {
  const std::size_t before = findings_.error_count();
  tls::TrustStoreSpec spec;
  spec.name = name;
  if (!settings.file && !settings.directory && settings.entries.empty()) {
    findings_.error(node, "write one of `file`, `directory` and `entries`");
  }
  if (settings.file) read_file_form(name, settings, spec);
  for (const auto& entry : settings.entries) read_entry(*entry, entry.node, spec);
  if (settings.directory) read_directory(*settings.directory, spec);
  for (const auto& text : settings.blocked) {
    if (const auto digest = digest_of(*text)) {
      spec.blocked.push_back(*digest);
    } else {
      findings_.error(
          text.node,
          "must be the SHA-256 of a certificate or of a public key: 64 hexadecimal digits");
    }
  }
  if (settings.crl) read_crl(**settings.crl, spec);
  if (findings_.error_count() > before) return std::nullopt;
  return spec;
}

void TrustReader::read_file_form(const std::string& name, const TrustStoreSettings& settings,
                                 tls::TrustStoreSpec& to) {
  const std::string& path = (*settings.file)->path;
  auto pem = certificates(path, settings.file->node);
  if (!pem) return;
  tls::TrustEntrySpec entry;
  entry.id = name;
  entry.file = path;
  entry.pem = std::move(*pem);
  to.entries.push_back(std::move(entry));
}

void TrustReader::read_entry(const TrustEntrySettings& settings, const config::Node& node,
                             tls::TrustStoreSpec& to) {
  tls::TrustEntrySpec entry;
  if (!read_anchor(settings, node, entry)) return;
  if (!settings.id.empty()) entry.id = settings.id;
  entry.note = settings.note;
  if (settings.not_before) entry.not_before = settings.not_before->unix_seconds;
  if (settings.retire_after) entry.retire_after = settings.retire_after->unix_seconds;
  if (settings.overlap_until) entry.overlap_until = settings.overlap_until->unix_seconds;
  if (entry.not_before > entry.retire_after) {
    findings_.error(node, "`retire_after` comes before `not_before`: the entry would never count");
  }
  read_identity(settings.identity, entry.identity);
  to.entries.push_back(std::move(entry));
}

bool TrustReader::read_anchor(const TrustEntrySettings& settings, const config::Node& node,
                              tls::TrustEntrySpec& to) {
  if (settings.ca.has_value() + settings.leaf.has_value() + settings.spki.has_value() != 1) {
    findings_.error(node, "write exactly one of `ca`, `leaf` and `spki`");
    return false;
  }
  if (settings.spki) {
    const auto digest = digest_of(**settings.spki);
    if (!digest || settings.id.empty()) {
      findings_.error(settings.spki->node,
                      digest ? "a pinned key needs an `id` beside it"
                             : "must be the SHA-256 of a public key: 64 hexadecimal digits");
      return false;
    }
    to.kind = tls::TrustKind::spki;
    to.spki = *digest;
    return true;
  }
  const auto& file = settings.ca ? *settings.ca : *settings.leaf;
  to.kind = settings.ca ? tls::TrustKind::ca : tls::TrustKind::leaf;
  to.file = file->path;
  to.id = stem_of(file->path);
  auto pem = certificates(file->path, file.node);
  if (pem) to.pem = std::move(*pem);
  return pem.has_value();
}

void TrustReader::read_identity(const IdentitySettings& settings, crypto::IdentityRule& to) {
  to.name = settings.name;
  to.common_names = patterns_of(settings.common_name, findings_);
  to.dns_names = patterns_of(settings.dns_name, findings_);
  to.uris = settings.uri;
  to.issuer = settings.issuer;
}

void TrustReader::read_directory(const config::At<config::File>& directory,
                                 tls::TrustStoreSpec& to) {
  watched_.add(directory->path);
  to.directory = directory->path;
  const auto files = files_in(directory->path, kEntryEndings);
  if (!files) return findings_.error(directory.node, files.error().text);
  for (const std::string& path : *files) {
    if (path.ends_with(".yaml")) {
      read_described(path, directory.node, to);
      continue;
    }
    const std::string yaml = path.substr(0, path.size() - 4) + ".yaml";
    if (!std::ranges::binary_search(*files, yaml)) read_bare(path, directory.node, to);
  }
}

void TrustReader::read_described(const std::string& yaml, const config::Node& node,
                                 tls::TrustStoreSpec& to) {
  watched_.add(yaml);
  const auto document = config::load_yaml(yaml, findings_);
  TrustEntrySettings settings;
  if (!document || !config::decode(*document, settings, findings_)) return;
  if (settings.id.empty()) settings.id = stem_of(yaml);
  const std::string pem = yaml.substr(0, yaml.size() - 5) + ".pem";
  if (settings.ca || settings.leaf || settings.spki) {
    return read_entry(settings, *document, to);
  }
  auto text = certificates(pem, node);
  if (!text) return;
  config::At<config::File> file{{pem}, *document};
  (names_a_ca(settings.id, *text) ? settings.ca : settings.leaf) = std::move(file);
  read_entry(settings, *document, to);
}

void TrustReader::read_bare(const std::string& pem, const config::Node& node,
                            tls::TrustStoreSpec& to) {
  auto text = certificates(pem, node);
  if (!text) return;
  tls::TrustEntrySpec entry;
  entry.id = stem_of(pem);
  entry.kind = names_a_ca(entry.id, *text) ? tls::TrustKind::ca : tls::TrustKind::leaf;
  entry.file = pem;
  entry.pem = std::move(*text);
  to.entries.push_back(std::move(entry));
}

void TrustReader::read_crl(const CrlSettings& settings, tls::TrustStoreSpec& to) {
  tls::CrlSpec& crl = to.crl.emplace();
  crl.absent = settings.absent;
  crl.expired = settings.expired;
  for (const auto& file : settings.files) add_crl_file(file->path, file.node, crl);
  if (settings.directory) {
    const auto& directory = *settings.directory;
    watched_.add(directory->path);
    const auto files = files_in(directory->path, kListEndings);
    if (!files) return findings_.error(directory.node, files.error().text);
    for (const std::string& path : *files) add_crl_file(path, directory.node, crl);
  }
  if (!settings.issuers) return;
  crl.issuers_file = (*settings.issuers)->path;
  auto pem = certificates(crl.issuers_file, settings.issuers->node);
  if (pem) crl.issuers_pem = std::move(*pem);
}

void TrustReader::add_crl_file(const std::string& path, const config::Node& node,
                               tls::CrlSpec& to) {
  auto file = content(path, crypto::kMaxRevocationListBytes, node);
  if (!file) return;
  const auto add = [&to](std::string name, std::string der) {
    to.files.push_back({std::move(name), std::make_shared<const std::string>(std::move(der))});
  };
  if (file->text.starts_with('\x30')) return add(path, std::move(file->text));
  auto taken = crypto::take_lists(file->text, tls::CrlSet::kMaxFiles);
  if (!taken) return findings_.error(node, path + ": " + taken.error().text);
  tell(path, taken->told, node);
  // The lists of one file are told apart by their place in it.
  for (std::size_t i = 0; i < taken->ders.size(); ++i) {
    const bool is_alone = taken->ders.size() == 1;
    add(is_alone ? path : path + "#" + std::to_string(i + 1), std::move(taken->ders[i]));
  }
}

}  // namespace sallyport::load
