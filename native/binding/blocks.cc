#include "binding/blocks.h"

#include <utility>

namespace brink::binding {
namespace {

// The block in an ArrayBuffer, or null when it is none of the layout's size.
std::unique_ptr<reactor::Block> block_in(const Napi::Value& value, size_t index) {
  if (!value.IsArrayBuffer()) return nullptr;
  Napi::ArrayBuffer buffer = value.As<Napi::ArrayBuffer>();
  if (buffer.ByteLength() < layout::kBlockBytesAt + layout::kBlockBytes) return nullptr;
  auto block = std::make_unique<reactor::Block>();
  block->words = static_cast<uint32_t*>(buffer.Data());
  block->bytes = static_cast<char*>(buffer.Data()) + layout::kBlockBytesAt;
  block->index = static_cast<uint32_t>(index);
  return block;
}

}  // namespace

bool Blocks::take(const Napi::Array& list) {
  for (uint32_t i = 0; i < list.Length(); i++) {
    blocks_.push_back(block_in(list.Get(i), i));
    if (!blocks_.back()) return false;
  }
  list_ = Napi::Persistent(list.As<Napi::Object>());
  return !blocks_.empty();
}

std::vector<reactor::Block*> Blocks::all() const {
  std::vector<reactor::Block*> all;
  for (auto& block : blocks_) all.push_back(block.get());
  return all;
}

reactor::Block* Blocks::add(Napi::Env env) {
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, layout::kBlockBytesAt + layout::kBlockBytes);
  std::unique_ptr<reactor::Block> block = memory.IsEmpty() ? nullptr : block_in(memory, blocks_.size());
  if (!block || !list_.Value().As<Napi::Array>().Set(block->index, memory)) return nullptr;
  blocks_.push_back(std::move(block));
  calls_without_need_ = 0;
  return blocks_.back().get();
}

void Blocks::give_up_spare(host::Host& host) {
  constexpr size_t kKept = 4;
  constexpr uint32_t kCalm = 64;
  if (blocks_.size() <= kKept || ++calls_without_need_ < kCalm) return;
  if (!host.give_up_reply_block(blocks_.back().get())) return;
  blocks_.pop_back();
  list_.Value().Set("length", static_cast<double>(blocks_.size()));
}

}  // namespace brink::binding
