// rehearse: who would be refused, were a trust store another one or the time a later one.

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/desk/chain_trial.h"
#include "gateway/desk/trust_commands.h"
#include "gateway/json/json.h"
#include "gateway/json/value.h"

namespace sallyport::desk {
namespace {

using json::Draft;

// PEM of a large bundle, as JSON.
constexpr json::Limits kLimits{.max_bytes = 8 * 1024 * 1024, .max_depth = 4};

Error mistake(std::string text) { return {Fault::client, std::move(text)}; }

std::string text_of(const json::Value& order, std::string_view name) {
  return std::string(order.member(name).string().value_or(""));
}

// proposed_store is the store with what the order removes and adds.
Result<std::shared_ptr<const tls::TrustStore>> proposed_store(const tls::TrustStore& store,
                                                              const json::Value& order,
                                                              WallTime now) {
  std::vector<tls::TrustEntrySpec> entries = store.entry_specs();
  if (const std::string id = text_of(order, "remove"); !id.empty()) {
    const auto removed = std::erase_if(entries, [&](const auto& entry) { return entry.id == id; });
    if (removed == 0) {
      return mistake("the trust store " + std::string(store.name()) + " has no entry \"" + id +
                     "\"");
    }
  }
  if (const std::string pem = text_of(order, "add"); !pem.empty()) {
    tls::TrustEntrySpec entry;
    entry.id = "(proposed)";
    entry.file = "the proposed entry";
    entry.pem = pem;
    entry.kind =
        tls::TrustStore::from_pem("proposed", pem, now) ? tls::TrustKind::ca : tls::TrustKind::leaf;
    entries.push_back(std::move(entry));
  }
  auto made = store.with_entries(std::move(entries), now);
  if (!made) return made.error();
  return std::move(made->store);
}

Draft broken_draft(const SeenCertificate& seen, const tls::CertificateRefusal& why, WallTime now) {
  Draft out = Draft::object();
  out.text("subject", seen.view.subject)
      .text("issuer", seen.view.issuer)
      .text("serial", seen.view.serial)
      .text("sha256", to_hex(crypto::as_text(seen.view.sha256)))
      .text("identity", seen.identity)
      .text("entry", seen.entry)
      .text("last_seen", utc_text(seen.last_seen))
      .set("last_day", seen.handshakes_in(Seconds(24 * 3600), now))
      .text("reason", tls::to_string(why.reason))
      .text("why", why.text);
  return out;
}

}  // namespace

Result<std::string> rehearse(const load::Loaded& loaded, const CertificateRegister& certificates,
                             std::string_view text, WallTime now) {
  constexpr std::int64_t kDefaultDays = 30;
  const auto order = json::parse(text, kLimits);
  if (!order) return order.error();
  const std::string name = text_of(*order, "store");
  const auto store = loaded.trust_stores.find(name);
  if (store == loaded.trust_stores.end()) {
    return mistake("there is no trust store \"" + name + "\"");
  }
  const auto proposed = proposed_store(*store->second, *order, now);
  if (!proposed) return proposed.error();
  const std::int64_t at = order->member("at").integer().value_or(now.unix_seconds());
  const std::int64_t days = order->member("days").integer().value_or(kDefaultDays);

  Draft broken = Draft::array();
  std::uint64_t tried = 0, refused = 0;
  for (const SeenCertificate* seen : certificates.all()) {
    if (seen->store != name) continue;
    if (seen->last_seen < now.unix_seconds() - days * 24 * 3600) continue;
    ++tried;
    std::vector<std::string> chain{seen->view.der};
    chain.insert(chain.end(), seen->view.chain_der.begin(), seen->view.chain_der.end());
    const auto verdict = try_chain(chain, **proposed, {at * 1000});
    const auto* refusal = std::get_if<tls::CertificateRefusal>(&verdict);
    if (refusal == nullptr) continue;
    ++refused;
    broken.add(broken_draft(*seen, *refusal, now));
  }
  return Draft::object()
      .text("store", name)
      .text("at", utc_text(at))
      .set("tried", tried)
      .set("broken", refused)
      .set("breaks", std::move(broken))
      .dump();
}

}  // namespace sallyport::desk
