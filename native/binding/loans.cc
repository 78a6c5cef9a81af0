#include "binding/loans.h"

#include <memory>

#include "binding/file.h"
#include "binding/values.h"

namespace brink::binding {
namespace {

// { file, offset, length, closes }: bytes of a file, which is closed for JavaScript if nobody else has it. What is none
// of these gives nothing.
net::HeldBytes slice_of_file(const Napi::Value& value) {
  net::HeldBytes held;
  if (!value.IsObject()) return held;
  Napi::Object slice = value.As<Napi::Object>();
  double offset = number_of(slice.Get("offset"), -1), length = number_of(slice.Get("length"), -1);
  constexpr double kMost = 9007199254740991.0;
  if (!(offset >= 0 && offset <= kMost && length >= 0 && length <= kMost)) return held;
  Napi::Value file = slice.Get("file");
  held.file = file_of(file);
  held.file_offset = static_cast<uint64_t>(offset);
  held.file_length = static_cast<uint64_t>(length);
  if (held.file && boolean_of(slice.Get("closes"))) close_file(file);
  return held;
}

}  // namespace

Loans::~Loans() {
  for (napi_ref loser : bytes_.losers) napi_delete_reference(env_, loser);
}

size_t Loans::lend(const Napi::Value& body, bool copies) {
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  bool is_bytes = napi_get_typedarray_info(env_, body, &type, &length, &data, nullptr, nullptr) == napi_ok &&
                  type == napi_uint8_array;
  if (!is_bytes) {
    lent_.push_back(slice_of_file(body));
  } else if (copies) {
    net::Slice bytes = {static_cast<const char*>(data), length};
    lent_.emplace_back(std::make_unique<CopiedBytes>(bytes, pool_), length);
  } else {
    lent_.emplace_back(std::make_unique<JavaScriptBytes>(env_, body, length, lent_.size(), bytes_), length);
  }
  return lent_.size() - 1;
}

// What JavaScript knows of those that it has just answered is still there.
void Loans::keep(const std::function<napi_value(uint32_t place)>& lender_of) {
  if (bytes_.fresh.empty()) return;
  for (JavaScriptBytes* lent : std::exchange(bytes_.fresh, {})) {
    if (lent) lent->keep(lender_of(lent->place()));
  }
  for (uint32_t place : std::exchange(bytes_.changed, {})) {
    napi_ref loser = nullptr;
    if (napi_create_reference(env_, lender_of(place), 1, &loser) == napi_ok) bytes_.losers.push_back(loser);
  }
}

Napi::Value Loans::losers() {
  std::vector<napi_ref> losers = std::exchange(bytes_.losers, {});
  Napi::Array owners = Napi::Array::New(env_, losers.size());
  for (uint32_t i = 0; i < losers.size(); i++) {
    napi_value owner = nullptr;
    if (napi_get_reference_value(env_, losers[i], &owner) == napi_ok) owners.Set(i, owner);
    napi_delete_reference(env_, losers[i]);
  }
  return owners;
}

}  // namespace brink::binding
