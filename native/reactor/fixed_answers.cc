#include "reactor/fixed_answers.h"

#include "http/characters.h"
#include "llhttp.h"

namespace brink::reactor {
namespace {

// An element of a list of entity tags, and what follows it.
std::string_view next_tag(std::string_view* list) {
  while (!list->empty() && (list->front() == ',' || list->front() == ' ' || list->front() == '\t')) {
    list->remove_prefix(1);
  }
  if (list->substr(0, 2) == "W/") list->remove_prefix(2);  // compared weakly, they are all alike
  size_t end = !list->empty() && list->front() == '"' ? list->find('"', 1) : list->find(',');
  bool is_quoted = !list->empty() && list->front() == '"';
  end = end == list->npos ? list->size() : end + (is_quoted ? 1 : 0);
  std::string_view tag = list->substr(0, end);
  list->remove_prefix(end);
  return tag;
}

}  // namespace

const FixedAnswer* FixedAnswers::find(const http::RequestHead& head, const char* head_bytes) const {
  if (head.method != HTTP_GET && head.method != HTTP_HEAD) return nullptr;
  net::Slice target = http::slice_of(head_bytes, head.target);
  auto found = answers_.find(std::string_view(target.data, target.size));
  if (found == answers_.end()) return nullptr;
  for (const http::Field& field : head.fields) {
    net::Slice name = http::slice_of(head_bytes, field.name);
    if (http::starts_with_ignoring_case(name, "if-") && !http::equal_ignoring_case(name, "if-none-match"))
      return nullptr;
  }
  return &found->second;
}

bool FixedAnswers::is_known_to_client(const FixedAnswer& answer, const http::RequestHead& head,
                                      const char* head_bytes) {
  if (answer.etag.empty() || answer.status != 200) return false;
  std::string_view own = answer.etag;
  if (own.substr(0, 2) == "W/") own.remove_prefix(2);
  for (const http::Field& field : head.fields) {
    if (!http::equal_ignoring_case(http::slice_of(head_bytes, field.name), "if-none-match")) continue;
    net::Slice value = http::slice_of(head_bytes, field.value);
    std::string_view list(value.data, value.size);
    if (list == "*") return true;
    while (!list.empty()) {
      if (next_tag(&list) == own) return true;
    }
  }
  return false;
}

}  // namespace brink::reactor
