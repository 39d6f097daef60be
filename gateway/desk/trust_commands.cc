#include "gateway/desk/trust_commands.h"

#include <algorithm>
#include <limits>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/desk/json_list.h"
#include "gateway/observe/json_line.h"

namespace sallyport::desk {
namespace {

using observe::JsonLine;

constexpr std::int64_t kDay = 24 * 3600;
constexpr Seconds kAnHour{3600};
constexpr Seconds kADay{kDay};
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::string time_text(std::int64_t at) { return at <= 0 || at == kNever ? "" : utc_text(at); }

void add_expiry(JsonLine& line, std::int64_t not_after, WallTime now) {
  line.text("not_after", utc_text(not_after))
      .number("days_left", (not_after - now.unix_seconds()) / kDay);
}

// certificate_json has what all kinds of certificates have; `name` is of the configuration.
std::string certificate_json(std::string_view kind, std::string_view name,
                             const crypto::CertificateView& view, std::string_view file,
                             WallTime now) {
  JsonList dns_names;
  for (const std::string& dns_name : view.dns_names) dns_names.add_text(dns_name);
  std::string out;
  JsonLine line(out);
  line.text("kind", kind)
      .text("name", name)
      .text("subject", view.subject)
      .text("common_name", view.common_name)
      .text("issuer", view.issuer)
      .text("serial", view.serial)
      .text("sha256", to_hex(crypto::as_text(view.sha256)))
      .text("file", file);
  add_expiry(line, view.not_after, now);
  line.close();
  return with_member(std::move(out), "dns_names", dns_names.end());
}

std::string seen_json(const SeenCertificate& seen, WallTime now) {
  JsonList where;
  for (const std::string& place : seen.where) where.add_text(place);
  std::string use;
  JsonLine(use)
      .text("identity", seen.identity)
      .text("first_seen", utc_text(seen.first_seen))
      .text("last_seen", utc_text(seen.last_seen))
      .number("handshakes", seen.handshakes)
      .number("last_hour", seen.handshakes_in(kAnHour, now))
      .number("last_day", seen.handshakes_in(kADay, now))
      .close();
  std::string out = certificate_json("client", seen.store + "/" + seen.entry, seen.view, "", now);
  out = with_member(std::move(out), "where", where.end());
  return with_member(std::move(out), "use", use);
}

std::string crl_json(const tls::TrustStore& store, const tls::CrlList& list, WallTime now) {
  std::string out;
  JsonLine line(out);
  line.text("kind", "crl")
      .text("name", std::string(store.name()) + "/" + list.file.substr(list.file.rfind('/') + 1))
      .text("issuer", list.issuer)
      .text("covers", crypto::describe(list.scope))
      .text("sha256", to_hex(crypto::as_text(list.sha256)))
      .text("file", list.file)
      .number("revoked", list.serials.size());
  add_expiry(line, list.next_update, now);
  line.close();
  return out;
}

void add_store(const tls::TrustStore& store, WallTime now, JsonList& to) {
  for (const tls::TrustEntry& entry : store.entries()) {
    const std::string_view kind = entry.kind == tls::TrustKind::ca ? "anchor" : "pin";
    for (const auto& view : entry.certificates) {
      to.add(certificate_json(kind, std::string(store.name()) + "/" + entry.id, view, entry.file,
                              now));
    }
  }
  if (store.crls() == nullptr) return;
  for (const tls::CrlList& list : store.crls()->lists()) to.add(crl_json(store, list, now));
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

std::string entry_json(const tls::TrustStore& store, const tls::TrustEntry& entry,
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
  std::string out;
  JsonLine(out)
      .text("store", store.name())
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
      .number("clients", clients)
      .number("last_hour", hour)
      .number("last_day", day)
      .close();
  return out;
}

std::string error_json(const std::string& text) {
  std::string out;
  JsonLine(out).text("error", text).close();
  return out;
}

}  // namespace

std::string certs_json(const load::Loaded& loaded, const CertificateRegister& certificates,
                       WallTime now) {
  JsonList all;
  for (const load::ServedCertificate& served : loaded.served) {
    all.add(certificate_json("server", served.listener + "/" + served.name,
                             served.credentials->leaf(), served.file, now));
  }
  for (const auto& [name, store] : loaded.trust_stores) add_store(*store, now, all);
  for (const SeenCertificate* seen : certificates.all()) all.add(seen_json(*seen, now));
  JsonList stale;
  for (const load::StaleFile& file : loaded.stale) stale.add_text(file.name + ": " + file.reason);
  return with_member(with_member("{}", "certificates", all.end()), "stale", stale.end());
}

std::string trust_json(const load::Loaded& loaded, const CertificateRegister& certificates,
                       WallTime now) {
  JsonList all;
  for (const auto& [name, store] : loaded.trust_stores) {
    for (const tls::TrustEntry& entry : store->entries()) {
      all.add(entry_json(*store, entry, certificates, now));
    }
  }
  JsonList directories;
  for (const auto& [name, store] : loaded.trust_stores) {
    std::string one;
    JsonLine(one).text("store", name).text("directory", store->directory()).close();
    directories.add(one);
  }
  return with_member(with_member("{}", "entries", all.end()), "stores", directories.end());
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
  answer(done ? 200 : 422, done ? *done : error_json(done.error().text));
  return true;
}

}  // namespace sallyport::desk
