#include "binding/server.h"

#include <utility>
#include <vector>

#include "binding/javascript_bytes.h"
#include "binding/options.h"
#include "host/inline_host.h"
#include "poller/poller.h"

namespace brink::binding {
namespace {

reactor::Block block_in(const Napi::Value& value) {
  reactor::Block block;
  if (!value.IsArrayBuffer()) return block;
  Napi::ArrayBuffer buffer = value.As<Napi::ArrayBuffer>();
  if (buffer.ByteLength() < layout::kBlockBytesAt + layout::kBlockBytes) return block;
  block.words = static_cast<uint32_t*>(buffer.Data());
  block.bytes = static_cast<char*>(buffer.Data()) + layout::kBlockBytesAt;
  return block;
}

Napi::Object failure(Napi::Env env, int error, const char* syscall) {
  Napi::Object failed = Napi::Object::New(env);
  failed.Set("errno", Napi::Number::New(env, error));
  failed.Set("syscall", Napi::String::New(env, syscall));
  return failed;
}

// A gathered body becomes a Buffer over the same memory; where the runtime forbids that, over a copy.
Napi::Value buffer_over(Napi::Env env, std::vector<char> bytes) {
  auto owned = std::make_unique<std::vector<char>>(std::move(bytes));
  auto* raw = owned.release();
  return Napi::Buffer<char>::NewOrCopy(env, raw->data(), raw->size(),
                                       [raw](Napi::Env, char*) { std::unique_ptr<std::vector<char>> freed(raw); });
}

}  // namespace

Napi::Function Server::define(Napi::Env env) {
  return DefineClass(env, "Server",
                     {
                         InstanceMethod<&Server::listen>("listen"),
                         InstanceMethod<&Server::start>("start"),
                         InstanceMethod<&Server::flush>("flush"),
                         InstanceMethod<&Server::stats>("stats"),
                         InstanceMethod<&Server::drain>("drain"),
                         InstanceMethod<&Server::close>("close"),
                     });
}

Server::Server(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Server>(info) {
  Napi::Env env = info.Env();
  if (info.Length() < 7 || !info[0].IsObject() || !info[3].IsArray() || !info[4].IsFunction() ||
      !info[5].IsFunction() || !info[6].IsFunction()) {
    Napi::TypeError::New(env, "Server expects options, two blocks, a list and three functions")
        .ThrowAsJavaScriptException();
    return;
  }
  requests_ = block_in(info[1]);
  replies_ = block_in(info[2]);
  if (!requests_.words || !replies_.words) {
    Napi::TypeError::New(env, "Server expects blocks of the layout's size").ThrowAsJavaScriptException();
    return;
  }
  Napi::Object options = info[0].As<Napi::Object>();
  std::string name = options.Get("backend").ToString().Utf8Value();
  const poller::Backend* backend = poller::find_backend(name);
  if (!backend) {
    Napi::RangeError::New(env, "Server knows no backend " + name).ThrowAsJavaScriptException();
    return;
  }
  blocks_[0] = Napi::Persistent(info[1].As<Napi::Object>());
  blocks_[1] = Napi::Persistent(info[2].As<Napi::Object>());
  bodies_ = Napi::Persistent(info[3].As<Napi::Object>());
  on_batch_ = Napi::Persistent(info[4].As<Napi::Function>());
  on_idle_ = Napi::Persistent(info[5].As<Napi::Function>());
  on_closed_ = Napi::Persistent(info[6].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "brink");

  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    Napi::Error::New(env, "this runtime has no event loop for addons").ThrowAsJavaScriptException();
    return;
  }
  int error = 0;
  std::unique_ptr<poller::Poller> poller = backend->open(&error);
  if (poller) {
    host_ = host::InlineHost::open(loop, options_from(options), std::move(poller), &requests_, *this, &error);
  }
  if (!host_) {
    Napi::Error failed = Napi::Error::New(env, "the poller could not be opened");
    failed.Set("errno", Napi::Number::New(env, error));
    failed.ThrowAsJavaScriptException();
    return;
  }
  Ref();
  napi_add_async_cleanup_hook(env, environment_ends, this, &cleanup_);
}

Server::~Server() = default;

// listen(address, port, { backlog, reusePort, ipv6Only }): { port }, or { errno, syscall }.
Napi::Value Server::listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsString() || !info[1].IsNumber() || !info[2].IsObject()) {
    Napi::TypeError::New(env, "listen expects an address, a port and options").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object given = info[2].As<Napi::Object>();
  net::Address address;
  uint32_t port = info[1].As<Napi::Number>().Uint32Value();
  if (port > 65535 || !net::system::parse_address(info[0].As<Napi::String>().Utf8Value().c_str(),
                                                  static_cast<uint16_t>(port), &address)) {
    return failure(env, UV_EINVAL, "bind");
  }
  net::ListenOptions options;
  options.backlog = given.Get("backlog").ToNumber().Int32Value();
  options.reuse_port = given.Get("reusePort").ToBoolean();
  options.ipv6_only = given.Get("ipv6Only").ToBoolean();
  net::Opened opened = net::system::open_listener(address, options);
  if (opened.error != 0) return failure(env, opened.error, opened.syscall);
  net::Fd listener(opened.descriptor);
  int bound = net::system::local_port(listener.get());
  if (bound < 0) return failure(env, bound, "getsockname");
  if (int error = host_->add_listener(std::move(listener))) return failure(env, error, "listen");
  Napi::Object listening = Napi::Object::New(env);
  listening.Set("port", Napi::Number::New(env, bound));
  return listening;
}

void Server::start(const Napi::CallbackInfo&) { host_->start(); }

// Late replies: those that were given outside of onBatch.
void Server::flush(const Napi::CallbackInfo&) { flush_replies(); }

Napi::Value Server::stats(const Napi::CallbackInfo& info) {
  reactor::Stats stats = host_->stats();
  Napi::Object object = Napi::Object::New(info.Env());
  auto set = [&](const char* name, uint64_t count) { object.Set(name, static_cast<double>(count)); };
  set("accepted", stats.accepted);
  set("open", stats.open);
  set("requests", stats.requests);
  set("bytesIn", stats.bytes_in);
  set("bytesOut", stats.bytes_out);
  set("partialWrites", stats.partial_writes);
  set("batches", stats.batches);
  set("refused", stats.refused);
  set("timeouts", stats.timeouts);
  return object;
}

void Server::drain(const Napi::CallbackInfo&) { host_->drain(); }

void Server::close(const Napi::CallbackInfo&) { host_->close(); }

void Server::on_batch(reactor::Batch& batch) {
  if (environment_ending_) return;
  Napi::HandleScope scope(Env());
  Napi::Value bodies = Env().Undefined();
  if (!batch.bodies.empty()) {
    Napi::Array list = Napi::Array::New(Env(), batch.bodies.size());
    for (uint32_t i = 0; i < batch.bodies.size(); i++) {
      list.Set(i, buffer_over(Env(), std::move(batch.bodies[i])));
    }
    bodies = list;
  }
  // What promises resolve at once has run when this returns, so its replies leave with the others.
  call(on_batch_, {Napi::Number::New(Env(), batch.events), bodies});
  flush_replies();
}

void Server::on_idle() { call(on_idle_, {}); }

void Server::on_closed() {
  call(on_closed_, {});
  if (cleanup_) napi_remove_async_cleanup_hook(std::exchange(cleanup_, nullptr));
  if (!environment_ending_) Unref();
}

void Server::call(Napi::FunctionReference& function, const std::initializer_list<napi_value>& arguments) {
  if (environment_ending_) return;
  Napi::HandleScope scope(Env());
  function.MakeCallback(Env().Global(), arguments, *context_);
  // Handlers' errors are answered in JavaScript; what comes out here goes to 'uncaughtException', as from any callback.
  // In a worker that is being terminated nothing can be thrown any more.
  if (Env().IsExceptionPending()) {
    napi_value exception;
    if (napi_get_and_clear_last_exception(Env(), &exception) == napi_ok) napi_fatal_exception(Env(), exception);
  }
}

void Server::flush_replies() {
  uint32_t* words = replies_.words;
  if (words[layout::kRepliesEnd] <= layout::kRepliesFirst) return;
  Napi::HandleScope scope(Env());
  reactor::Replies replies;
  replies.block = &replies_;
  Napi::Array bodies = bodies_.Value().As<Napi::Array>();
  for (uint32_t i = 0, count = bodies.Length(); i < count; i++) {
    Napi::Value body = bodies.Get(i);
    replies.bodies.push_back(body.IsTypedArray() ? JavaScriptBytes::hold(body.As<Napi::Uint8Array>())
                                                 : net::HeldBytes{});
  }
  host_->reply(std::move(replies));
  words[layout::kRepliesEnd] = layout::kRepliesFirst;
}

// The worker or the process ends with the server open: its sockets and handles go first.
void Server::environment_ends(napi_async_cleanup_hook_handle, void* data) {
  auto* server = static_cast<Server*>(data);
  server->environment_ending_ = true;
  server->host_->close();
}

}  // namespace brink::binding
