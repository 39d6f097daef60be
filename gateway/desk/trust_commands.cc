#include "gateway/desk/trust_commands.h"

#include <algorithm>
#include <limits>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/json/value.h"

namespace sallyport::desk {
namespace {

using json::Draft;

constexpr std::int64_t kDay = 24 * 3600;
constexpr Seconds kAnHour{3600};
constexpr Seconds kADay{kDay};
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::string time_text(std::int64_t at) { return at <= 0 || at == kNever ? "" : utc_text(at); }

void add_expiry(Draft& to, std::int64_t not_after, WallTime now) {
  to.text("not_after", utc_text(not_after))
      .set("days_left", (not_after - now.unix_seconds()) / kDay);
}

// certificate_draft has what all kinds of certificates have; `name` is of the configuration.
Draft certificate_draft(std::string_view kind, std::string_view name,
                        const crypto::CertificateView& view, std::string_view file, WallTime now) {
  Draft out = Draft::object();
  out.text("kind", kind)
      .text("name", name)
      .text("subject", view.subject)
      .text("common_name", view.common_name)
      .text("issuer", view.issuer)
      .text("serial", view.serial)
      .text("sha256", to_hex(crypto::as_text(view.sha256)))
      .text("file", file);
  add_expiry(out, view.not_after, now);
  return std::move(out).set("dns_names", Draft::list(view.dns_names));
}

Draft seen_draft(const SeenCertificate& seen, WallTime now) {
  Draft use = Draft::object();
  use.text("identity", seen.identity)
      .text("first_seen", utc_text(seen.first_seen))
      .text("last_seen", utc_text(seen.last_seen))
      .set("handshakes", seen.handshakes)
      .set("last_hour", seen.handshakes_in(kAnHour, now))
      .set("last_day", seen.handshakes_in(kADay, now));
  return certificate_draft("client", seen.store + "/" + seen.entry, seen.view, "", now)
      .set("where", Draft::list(seen.where))
      .set("use", std::move(use));
}

Draft crl_draft(const tls::TrustStore& store, const tls::CrlList& list, WallTime now) {
  Draft out = Draft::object();
  out.text("kind", "crl")
      .text("name", std::string(store.name()) + "/" + list.file.substr(list.file.rfind('/') + 1))
      .text("issuer", list.issuer)
      .text("covers", crypto::describe(list.scope))
      .text("sha256", to_hex(crypto::as_text(list.sha256)))
      .text("file", list.file)
      .set("revoked", list.serials.size());
  add_expiry(out, list.next_update, now);
  return out;
}

void add_store(const tls::TrustStore& store, WallTime now, Draft& to) {
  for (const tls::TrustEntry& entry : store.entries()) {
    const std::string_view kind = entry.kind == tls::TrustKind::ca ? "anchor" : "pin";
    for (const auto& view : entry.certificates) {
      to.add(certificate_draft(kind, std::string(store.name()) + "/" + entry.id, view, entry.file,
                               now));
    }
  }
  if (store.crls() == nullptr) return;
  for (const tls::CrlList& list : store.crls()->lists()) to.add(crl_draft(store, list, now));
}

std::string_view state_of(const tls::TrustEntry& entry, WallTime now) {
  if (now.unix_seconds() < entry.not_before) return "pending";
  if (now.unix_seconds() > entry.retire_after) return "retired";
  const bool is_expired =
      !entry.certificates.empty() &&
      std::ranges::all_of(entry.certificates, [&](const crypto::CertificateView& view) {
        return view.not_after < now.unix_seconds();
      });
  return is_expired ? "expired" : "active";
}

Draft entry_draft(const tls::TrustStore& store, const tls::TrustEntry& entry,
                  const CertificateRegister& certificates, WallTime now) {
  std::uint64_t clients = 0, hour = 0, day = 0;
  for (const SeenCertificate* seen : certificates.all()) {
    if (seen->store != store.name() || seen->entry != entry.id) continue;
    ++clients;
    hour += seen->handshakes_in(kAnHour, now);
    day += seen->handshakes_in(kADay, now);
  }
  std::int64_t not_after = kNever;
  for (const auto& view : entry.certificates) not_after = std::min(not_after, view.not_after);
  const std::string subject = entry.certificates.empty() ? "" : entry.certificates.front().subject;
  Draft out = Draft::object();
  out.text("store", store.name())
      .text("id", entry.id)
      .text("kind", tls::to_string(entry.kind))
      .text("state", state_of(entry, now))
      .text("subject", subject)
      .text("identity", entry.identity.name)
      .text("note", entry.note)
      .text("file", entry.file)
      .text("directory", store.directory())
      .text("not_after", time_text(not_after))
      .text("not_before", time_text(entry.not_before))
      .text("retire_after", time_text(entry.retire_after))
      .text("overlap_until", time_text(entry.overlap_until))
      .text("last_use", time_text(certificates.last_use(store.name(), entry.id)))
      .set("clients", clients)
      .set("last_hour", hour)
      .set("last_day", day);
  return out;
}

}  // namespace

std::string certs_json(const load::Loaded& loaded, const CertificateRegister& certificates,
                       WallTime now) {
  Draft all = Draft::array();
  for (const load::ServedCertificate& served : loaded.served) {
    all.add(certificate_draft("server", served.listener + "/" + served.name,
                              served.credentials->leaf(), served.file, now));
  }
  for (const auto& [name, store] : loaded.trust_stores) add_store(*store, now, all);
  for (const SeenCertificate* seen : certificates.all()) all.add(seen_draft(*seen, now));
  Draft stale = Draft::array();
  for (const load::StaleFile& file : loaded.stale) stale.add(file.name + ": " + file.reason);
  return Draft::object().set("certificates", std::move(all)).set("stale", std::move(stale)).dump();
}

std::string trust_json(const load::Loaded& loaded, const CertificateRegister& certificates,
                       WallTime now) {
  Draft entries = Draft::array();
  Draft stores = Draft::array();
  for (const auto& [name, store] : loaded.trust_stores) {
    for (const tls::TrustEntry& entry : store->entries()) {
      entries.add(entry_draft(*store, entry, certificates, now));
    }
    stores.add(Draft::object().text("store", name).text("directory", store->directory()));
  }
  return Draft::object().set("entries", std::move(entries)).set("stores", std::move(stores)).dump();
}

bool trust_command(const load::Loaded& loaded, const CertificateRegister& certificates,
                   std::string_view verb, std::string_view json,
                   const std::function<void(int, std::string)>& answer) {
  const WallTime now = wall_now();
  if (verb == "certs") return answer(200, certs_json(loaded, certificates, now)), true;
  if (verb == "trust") return answer(200, trust_json(loaded, certificates, now)), true;
  if (verb != "rehearse" && verb != "explain") return false;
  const auto done =
      verb == "explain" ? explain(loaded, json, now) : rehearse(loaded, certificates, json, now);
  answer(done ? 200 : 422, done ? *done : json::error_text(done.error().text));
  return true;
}

}  // namespace sallyport::desk
