// Certificates over time: files that change under the running gateway, and what clients have shown.

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <limits>

#include "gateway/clients/lmdb_store.h"
#include "gateway/control/gateway.h"

namespace sallyport::control {
namespace {

// Writers take a moment between a certificate and its key.
constexpr Milliseconds kQuiet{200};
// A file system that does not notify (a network's), or a kernel that is out of watches.
constexpr Milliseconds kPoll{30'000};
constexpr Milliseconds kCollect{1'000};
constexpr Milliseconds kSave{30'000};

}  // namespace

void Gateway::watch_files() {
  const bool are_same = watched_ == loaded_->watched.paths();
  if (!are_same) watch_paths();
  // With every path watched, what changed before that, or while it was read, is the rest. What was
  // read then is not known, and so it is read again, when the files rest.
  const bool is_known = loaded_->watched.is_as_noted();
  files_digest_ = is_known ? loaded_->watched.noted() : crypto::Sha256{};
  if (!is_known) file_watch_->suspect();
}

void Gateway::watch_paths() {
  watched_ = loaded_->watched.paths();
  if (!file_watch_) {
    file_watch_ = std::make_unique<event::FileWatch>(loop_, kQuiet, [this] { on_files_changed(); });
    file_poll_ = std::make_unique<event::Every>(loop_, kPoll, [this] { on_files_changed(); });
  }
  file_watch_->set(watched_);
}

// What changed is loaded like a reload, all of it, and what cannot be used stays as it is.
void Gateway::on_files_changed() {
  if (draining_) return;
  const crypto::Sha256 digest = loaded_->watched.present();
  if (digest == files_digest_) return;
  files_digest_ = digest;
  log_event("info", "files_changed",
            "certificates, keys, trust stores or revocation lists changed");
  config::Findings findings;
  auto loaded = load::load_again(*loaded_, services_, registry_, findings);
  accept(std::move(loaded), std::move(findings), [this](const ReloadReport& report) {
    // Something else was in the way, such as a name that did not resolve: the next poll tries
    // again.
    if (!report.accepted) files_digest_ = {};
  });
}

Result<void> Gateway::open_certificates(const load::Loaded& loaded) {
  const load::RegisterSettings& settings = loaded.certificate_register;
  auto opened =
      desk::CertificateRegister::open({.folder = settings.path.path,
                                       .keep = settings.keep,
                                       .max = static_cast<std::size_t>(settings.max_certificates)},
                                      wall_now());
  if (opened) {
    certificates_ = std::move(*opened);
    return {};
  }
  const auto examined = clients::LmdbStore::examine(settings.path.path);
  if (examined && examined->is_taken) return opened.error();
  // It is an inventory: nobody is let in or kept out by it.
  register_problem_ =
      fmt::format("the certificate register is kept in memory only: {}", opened.error().text);
  certificates_ = std::move(
      *desk::CertificateRegister::open({.folder = {},
                                        .keep = settings.keep,
                                        .max = static_cast<std::size_t>(settings.max_certificates)},
                                       wall_now()));
  return {};
}

void Gateway::follow_certificates() {
  collect_certificates_ =
      std::make_unique<event::Every>(loop_, kCollect, [this] { collect_certificates(); });
  save_certificates_ =
      std::make_unique<event::Every>(loop_, kSave, [this] { certificates_->save(); });
}

void Gateway::collect_certificates() {
  auto seen = std::make_shared<std::vector<std::vector<server::Sighting>>>(seats_.size());
  to_all([this, seen](
             unsigned worker) { (*seen)[worker] = seats_[worker].server->state().seen().take(); },
         [this, seen] {
           for (const auto& of_worker : *seen) {
             for (const server::Sighting& sighting : of_worker) certificates_->note(sighting);
           }
         });
}

namespace {

struct Expiry {
  std::string_view kind;
  std::string name;
  std::int64_t at;
};

// A name has one value, the nearest.
void add_expiry(std::vector<Expiry>& all, std::string_view kind, std::string name,
                std::int64_t at) {
  const auto known = std::find_if(all.begin(), all.end(), [&](const Expiry& other) {
    return other.kind == kind && other.name == name;
  });
  if (known == all.end()) return all.push_back({kind, std::move(name), at});
  known->at = std::min(known->at, at);
}

void add_expiries(const tls::TrustStore& store, std::vector<Expiry>& all) {
  const std::string prefix = std::string(store.name()) + "/";
  for (const tls::TrustEntry& entry : store.entries()) {
    const std::string_view kind = entry.kind == tls::TrustKind::ca ? "anchor" : "pin";
    for (const auto& view : entry.certificates) {
      add_expiry(all, kind, prefix + entry.id, view.not_after);
    }
    if (entry.retire_after != std::numeric_limits<std::int64_t>::max()) {
      add_expiry(all, "retirement", prefix + entry.id, entry.retire_after);
    }
  }
  if (store.crls() == nullptr) return;
  for (const tls::CrlList& list : store.crls()->lists()) {
    add_expiry(all, "crl", prefix + std::filesystem::path(list.file).filename().string(),
               list.next_update);
  }
}

}  // namespace

void Gateway::append_trust_metrics(std::string& out) const {
  using metrics::Label;
  std::vector<Expiry> all;
  for (const load::ServedCertificate& served : loaded_->served) {
    add_expiry(all, "server", served.listener + "/" + served.name,
               served.credentials->leaf().not_after);
  }
  for (const auto& [name, store] : loaded_->trust_stores) add_expiries(*store, all);
  // Of clients, by the entry that vouched: names that clients chose are no labels.
  constexpr std::int64_t kRecent = 24 * 3600;
  for (const desk::SeenCertificate* seen : certificates_->all()) {
    if (seen->last_seen < wall_now().unix_seconds() - kRecent) continue;
    add_expiry(all, "client", seen->store + "/" + seen->entry, seen->view.not_after);
  }
  const std::string prefix(metrics::kMetricPrefix);
  const std::string expiry = prefix + "expiry_timestamp_seconds";
  metrics::append_header(out, expiry, "When something that trust rests on runs out.",
                         metrics::MetricType::gauge);
  for (const Expiry& one : all) {
    const std::array labels{Label{"kind", one.kind}, Label{"name", one.name}};
    metrics::append_sample(out, expiry, metrics::render_labels(labels),
                           static_cast<double>(one.at));
  }
  const std::string stale = prefix + "stale_files";
  metrics::append_header(out, stale,
                         "Certificates and trust stores whose new files could not be used.",
                         metrics::MetricType::gauge);
  metrics::append_sample(out, stale, {}, static_cast<double>(loaded_->stale.size()));
}

}  // namespace sallyport::control
