// The blocks of a reactor: memory of ArrayBuffers, which lists of JavaScript's hold.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "host/host.h"
#include "reactor/exchange.h"

namespace brink::binding {

class Blocks {
 public:
  // False when the list is empty, or has anything else than ArrayBuffers of the layout's size.
  bool take(const Napi::Array& list);

  size_t count() const { return blocks_.size(); }
  reactor::Block* at(uint32_t place) const { return blocks_[place % blocks_.size()].get(); }
  std::vector<reactor::Block*> all() const;

  // One more, which JavaScript finds in its list. Null when there is no memory, or JavaScript cannot run any more.
  reactor::Block* add(Napi::Env env);
  // Called when none had to be added: what a crowd of replies has needed is not kept for ever.
  void give_up_spare(host::Host& host);

 private:
  std::vector<std::unique_ptr<reactor::Block>> blocks_;
  Napi::ObjectReference list_;  // holds on to their memory
  uint32_t calls_without_need_ = 0;
};

}  // namespace brink::binding
