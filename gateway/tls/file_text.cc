#include "gateway/tls/file_text.h"

#include <utility>

namespace sallyport::tls {

Result<FileText> read_file(const std::string& path, std::size_t limit, Links links) {
  auto content = sallyport::read_file(path, limit, links);
  if (!content) {
    return Error{Fault::gateway, path + ": cannot be read: " + content.error().text};
  }
  FileText out;
  out.text = std::move(content->bytes);
  out.others_can_read = content->others_can_read;
  return out;
}

}  // namespace sallyport::tls
