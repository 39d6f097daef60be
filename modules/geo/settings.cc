#include "modules/geo/settings.h"

#include "gateway/config/option.h"

namespace sallyport::geo {

using config::between;
using config::option;
using config::required;

std::span<const config::Option> RuleSettings::options() {
  static const std::array rows{
      option<&RuleSettings::countries>(
          "countries", "Country codes of ISO 3166-1 alpha-2, in capital letters: `[US, CA]`."),
      option<&RuleSettings::continents>("continents",
                                        "Continents: `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA`."),
      option<&RuleSettings::asns>("asns", "Numbers of autonomous systems: `[16509]`.",
                                  between(1U, 4'294'967'295U)),
  };
  return rows;
}

std::span<const config::Option> EntrySettings::options() {
  static const std::array rows{
      option<&EntrySettings::allow>(
          "allow", "From where requests may come; with it, what it does not cover is refused."),
      option<&EntrySettings::deny>("deny", "From where not, whatever `allow` says."),
      option<&EntrySettings::tag>(
          "tag",
          "Rules by a name of your choice. They refuse nothing: the names of those that cover an "
          "address are in the log."),
      option<&EntrySettings::unknown>(
          "unknown",
          "What happens to addresses of which the databases do not know what the rules ask: "
          "`allow` "
          "or `deny`. Without it: `deny` when there is an `allow` list, else `allow`."),
      option<&EntrySettings::even_allowlisted>(
          "even_allowlisted",
          "Whether even an address is judged that the `allow` list of the `address` policy of this "
          "route names."),
  };
  return rows;
}

std::span<const config::Option> DatabaseSettings::options() {
  static const std::array rows{
      option<&DatabaseSettings::country>(
          "country",
          "MMDB file that knows countries and continents: of a Country, City or Enterprise type."),
      option<&DatabaseSettings::asn>(
          "asn", "MMDB file that knows ASNs: of an ASN, ISP or Enterprise type."),
  };
  return rows;
}

std::span<const config::Option> SharedSettings::options() {
  static const std::array rows{
      required<&SharedSettings::databases>("databases", "The database files; at least one."),
      option<&SharedSettings::max_age>(
          "max_age", "From which age on a database counts as stale. It stays in use.",
          between(Seconds(24 * 3600), Seconds(3660LL * 24 * 3600))),
      option<&SharedSettings::max_size>(
          "max_size",
          "Largest database file. A database is held in memory, and twice while it is replaced.",
          between(config::Size{64 * 1024}, config::Size{2ULL * 1024 * 1024 * 1024})),
      option<&SharedSettings::check_every>(
          "check_every",
          "How often the files are looked at although the kernel reports no change, as on a "
          "network "
          "file system. A changed file is read when it has stayed the same from one look to the "
          "next.",
          between(Milliseconds(50), Milliseconds(24 * 3600 * 1000))),
  };
  return rows;
}

}  // namespace sallyport::geo
