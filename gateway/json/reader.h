#pragma once

// The parser: recursive descent, as deep as its limit says.

#include <cstddef>
#include <string_view>
#include <vector>

#include "gateway/json/document.h"
#include "gateway/json/json.h"

namespace sallyport::json {

class Reader {
 public:
  Reader(Document& document, int max_depth);

  // read fills the document's nodes; on an error the document is of no use.
  Result<void> read();
  Flaw flaw() const { return flaw_; }

 private:
  bool fail(Flaw flaw, std::string_view what, const char* where);
  bool fail_syntax();

  void skip_space();
  bool read_document();
  bool read_value(int depth);
  bool read_array(int depth);
  bool read_object(int depth);
  bool read_member(int depth, std::size_t start);
  bool is_repeated(std::size_t start) const;
  bool has_repeated(std::size_t start) const;
  bool read_string();
  bool read_escape(char*& to);
  bool read_code_unit(unsigned& to);
  bool read_number();
  bool skip_digits();
  bool read_literal(std::string_view word, Kind kind, bool value);
  // close makes the nodes that wait since `start` the children of one node.
  void close(std::size_t start, Kind kind);

  Document& document_;
  const int max_depth_;
  std::vector<Node> waiting_;  // read, of containers that are still open
  char* at_;                   // the text ends with NUL, and has none before
  const char* const end_;
  const char* line_start_;
  int line_ = 1;
  Flaw flaw_ = Flaw::syntax;
  Error error_;
};

}  // namespace sallyport::json
