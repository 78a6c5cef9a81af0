// What JavaScript lends to the replies of a block: large bodies, and slices of files.
#pragma once

#include <napi.h>

#include <functional>
#include <utility>
#include <vector>

#include "binding/lent_bytes.h"

namespace brink::binding {

// Outlives the host, which holds what was lent.
class Loans {
 public:
  explicit Loans(napi_env env) : env_(env) {}
  Loans(const Loans&) = delete;
  Loans& operator=(const Loans&) = delete;
  ~Loans();

  // The place by which a reply names it. What is neither bytes nor a slice of a file is nothing, and its reply makes no
  // sense.
  size_t lend(const Napi::Value& body, bool copies);
  // What was lent to the replies of the block, which is flushed.
  std::vector<net::HeldBytes> take() { return std::exchange(lent_, {}); }
  // The replies have crossed. Whose it is that was not sent at once, `lender_of` tells by its place.
  void keep(const std::function<napi_value(uint32_t place)>& lender_of);
  // Those whose bodies have changed before they were sent, since the last call.
  Napi::Value losers();

 private:
  napi_env env_;
  LentBytes bytes_;
  net::BytePool pool_;
  std::vector<net::HeldBytes> lent_;
};

}  // namespace brink::binding
