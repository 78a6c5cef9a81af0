// Lists in field values: elements between commas (RFC 9110, 5.6.1).
#pragma once

#include <cstddef>
#include <cstring>

#include "net/system.h"

namespace brink::http {

inline bool is_white_space(char c) { return c == ' ' || c == '\t'; }

// Without the spaces and tabs around it.
inline net::Slice trimmed(net::Slice text) {
  while (text.size > 0 && is_white_space(text.data[0])) text = {text.data + 1, text.size - 1};
  while (text.size > 0 && is_white_space(text.data[text.size - 1])) text.size--;
  return text;
}

// Takes the next element off a list, trimmed; false when there is none left. Empty elements say nothing (5.6.1.2).
inline bool next_element(net::Slice* list, net::Slice* element) {
  while (list->size > 0) {
    const void* comma = std::memchr(list->data, ',', list->size);
    size_t size = comma ? static_cast<size_t>(static_cast<const char*>(comma) - list->data) : list->size;
    *element = trimmed({list->data, size});
    size_t passed = comma ? size + 1 : size;
    *list = {list->data + passed, list->size - passed};
    if (element->size > 0) return true;
  }
  return false;
}

}  // namespace brink::http
