#include "gateway/load/schema.h"

#include <memory>

#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"

namespace sallyport::cli {

void add_schema(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("schema", "Print the JSON Schema of the configuration");
  auto reference = std::make_shared<bool>(false);
  auto reasons = std::make_shared<bool>(false);
  verb->add_flag("--reference", *reference, "Print the reference in Markdown instead");
  verb->add_flag("--reasons", *reasons, "Print all reasons of denials in Markdown instead");
  verb->callback([reference, reasons, &status] {
    const std::string text = *reasons     ? load::reasons_text()
                             : *reference ? load::reference_text()
                                          : load::schema_text();
    say_document(text);
    status = kOk;
  });
}

}  // namespace sallyport::cli
