#include "binding/hosted_reactor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "binding/errors.h"
#include "binding/listeners.h"
#include "binding/options.h"
#include "binding/secure_contexts.h"
#include "binding/values.h"
#include "host/inline_host.h"
#include "host/thread_host.h"
#include "poller/poller.h"
#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/reactor.h"
#include "reactor/request_log.h"

namespace brink::binding {
namespace {

constexpr napi_type_tag kReactorTag = {0x6272696e6b2d7265, 0x6163746f722d6f6e};

// What connections of a listener begin with.
ListenerTerms terms_of(const Napi::Object& given) { return {proxy_headers_of(given), contexts_of(given.Get("tls"))}; }

Napi::Value numbers(Napi::Env env, const double* from, size_t count) {
  Napi::Float64Array list = Napi::Float64Array::New(env, count);
  if (!list.IsEmpty() && count > 0) std::memcpy(list.Data(), from, count * sizeof *from);
  return list;
}

Napi::Object object_of(Napi::Env env, const reactor::Work& work) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("requests", Napi::Number::New(env, work.requests));
  object.Set("streams", Napi::Number::New(env, work.streams));
  object.Set("tunnels", Napi::Number::New(env, work.tunnels));
  return object;
}

}  // namespace

Napi::Function HostedReactor::define(Napi::Env env) {
  return DefineClass(env, "Reactor",
                     {
                         InstanceMethod<&HostedReactor::listen>("listen"),
                         InstanceMethod<&HostedReactor::listen_at_path>("listenAtPath"),
                         InstanceMethod<&HostedReactor::listen_on>("listenOn"),
                         InstanceMethod<&HostedReactor::start>("start"),
                         InstanceMethod<&HostedReactor::stop_listening>("stopListening"),
                         InstanceMethod<&HostedReactor::close_idle>("closeIdle"),
                         InstanceMethod<&HostedReactor::set_deadlines>("setDeadlines"),
                         InstanceMethod<&HostedReactor::set_max_connections>("setMaxConnections"),
                         InstanceMethod<&HostedReactor::change_contexts>("changeContexts"),
                         InstanceMethod<&HostedReactor::connections>("connections"),
                         InstanceMethod<&HostedReactor::ref>("ref"),
                         InstanceMethod<&HostedReactor::unref>("unref"),
                         InstanceMethod<&HostedReactor::lend>("lend"),
                         InstanceMethod<&HostedReactor::losers>("losers"),
                         InstanceMethod<&HostedReactor::flush>("flush"),
                         InstanceMethod<&HostedReactor::set_fixed>("setFixed"),
                         InstanceMethod<&HostedReactor::stats>("stats"),
                         InstanceMethod<&HostedReactor::metrics>("metrics"),
                         InstanceMethod<&HostedReactor::measurements>("measurements"),
                         InstanceMethod<&HostedReactor::take_logged>("takeLogged"),
                         InstanceMethod<&HostedReactor::pace_accepts>("paceAccepts"),
                         InstanceMethod<&HostedReactor::limit_receive_buffer>("limitReceiveBuffer"),
                         InstanceMethod<&HostedReactor::drain>("drain"),
                         InstanceMethod<&HostedReactor::close>("close"),
                     });
}

HostedReactor::HostedReactor(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<HostedReactor>(info), loans_(info.Env()) {
  Napi::Env env = info.Env();
  bool expected = info.Length() == 9 && info[0].IsObject() && info[1].IsArray() && info[2].IsArray() &&
                  info[3].IsTypedArray() && info[4].IsFunction() && info[5].IsFunction() && info[6].IsFunction() &&
                  info[7].IsFunction() && info[8].IsFunction();
  if (!expected || !take_blocks(info)) {
    Napi::TypeError::New(env, "Reactor expects settings, two lists of blocks, its state and five functions")
        .ThrowAsJavaScriptException();
    return;
  }
  on_batch_ = Napi::Persistent(info[4].As<Napi::Function>());
  on_resume_ = Napi::Persistent(info[5].As<Napi::Function>());
  lender_of_ = Napi::Persistent(info[6].As<Napi::Function>());
  on_drained_ = Napi::Persistent(info[7].As<Napi::Function>());
  on_closed_ = Napi::Persistent(info[8].As<Napi::Function>());
  resource_ = Napi::Persistent(Napi::Object::New(env));
  context_ = std::make_unique<Napi::AsyncContext>(env, "BRINK_SERVER", resource_.Value());
  open_host(info[0].As<Napi::Object>());
  if (!host_) return;
  info.This().As<Napi::Object>().TypeTag(&kReactorTag);
  Ref();
  if (napi_add_async_cleanup_hook(env, environment_ends, this, &cleanup_) != napi_ok) host_->close();
}

bool HostedReactor::take_blocks(const Napi::CallbackInfo& info) {
  if (!request_blocks_.take(info[1].As<Napi::Array>()) || !reply_blocks_.take(info[2].As<Napi::Array>())) return false;
  Napi::Int32Array state = info[3].As<Napi::Int32Array>();
  if (state.ByteLength() < layout::kStateWords * sizeof(int32_t)) return false;
  state_list_ = Napi::Persistent(state.As<Napi::Object>());
  state_ = state.Data();
  return true;
}

void HostedReactor::open_host(const Napi::Object& settings) {
  std::string name = string_of(settings.Get("backend"));
  const poller::Backend* backend = poller::find_backend(name);
  if (!backend) {
    Napi::RangeError::New(Env(), "Reactor knows no backend " + name).ThrowAsJavaScriptException();
    return;
  }
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(Env(), &loop) != napi_ok) {
    Napi::Error::New(Env(), "this runtime has no event loop for addons").ThrowAsJavaScriptException();
    return;
  }
  const reactor::Options& options = options_ = options_from(settings);
  metrics_ = options.metrics ? options.metrics : new_metrics(settings);
  threaded_ = boolean_of(settings.Get("threaded"));
  int error = 0;
  std::unique_ptr<poller::Poller> poller = backend->open(&error);
  if (poller && threaded_) {
    host_ = host::ThreadHost::open(loop, options, std::move(poller), request_blocks_.all(), *this, &error);
  } else if (poller) {
    host_ = host::InlineHost::open(loop, options, std::move(poller), request_blocks_.at(0), *this, &error);
  }
  if (host_) return;
  Napi::Error failed = Napi::Error::New(Env(), "the poller could not be opened");
  failed.Set("errno", errno_of(Env(), error));
  failed.ThrowAsJavaScriptException();
}

// Bun does not wait for a cleanup hook to be done before it finalizes objects, so the host may still be closing.
HostedReactor::~HostedReactor() {
  if (cleanup_) napi_remove_async_cleanup_hook(cleanup_);
  if (host_) {
    host::Host& host = *host_;
    host.outlive(std::move(host_));
  }
}

void HostedReactor::stop_listening(const Napi::CallbackInfo&) {
  host_->order([](reactor::Reactor& reactor) { reactor.stop_listening(); });
}

void HostedReactor::close_idle(const Napi::CallbackInfo&) {
  host_->order([](reactor::Reactor& reactor) { reactor.close_idle(); });
}

// setDeadlines({ keepAliveTimeout, headersTimeout, requestTimeout, writeTimeout, halfCloseTimeout, minRate }): those
// that are given; 0 is none.
void HostedReactor::set_deadlines(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) return;
  read_deadlines(info[0].As<Napi::Object>(), options_);
  host_->order([options = options_](reactor::Reactor& reactor) { reactor.change_deadlines(options); });
}

// Without a number, or with one that is none, there may be any.
void HostedReactor::set_max_connections(const Napi::CallbackInfo& info) {
  double most = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  bool is_limit = most >= 0 && most < reactor::kNoConnections;
  options_.max_connections = !is_limit ? 0 : most < 1 ? reactor::kNoConnections : static_cast<uint32_t>(most);
  host_->order([options = options_](reactor::Reactor& reactor) { reactor.change_deadlines(options); });
}

// changeContexts(from, to): listeners that have the one get the other.
void HostedReactor::change_contexts(const Napi::CallbackInfo& info) {
  std::shared_ptr<const tls::Contexts> from = contexts_of(info[0]), to = contexts_of(info[1]);
  if (!from || !to) return;
  host_->order([from, to](reactor::Reactor& reactor) { reactor.change_contexts(from, to); });
}

Napi::Value HostedReactor::connections(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(host_->stats().open));
}

void HostedReactor::ref(const Napi::CallbackInfo&) { host_->set_ref(true); }

void HostedReactor::unref(const Napi::CallbackInfo&) { host_->set_ref(false); }

// listen(address, port, { backlog, reusePort, ipv6Only, proxyProtocol, tls }, others): { port }, or { errno, syscall }.
// The other reactors listen at the same socket, which is closed when the last of them has closed it.
Napi::Value HostedReactor::listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<HostedReactor*> others;
  bool expected = info.Length() == 4 && info[0].IsString() && info[1].IsNumber() && info[2].IsObject();
  if (!expected || !reactors_in(info[3], &others)) {
    Napi::TypeError::New(env, "listen expects an address, a port, options and other reactors")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object given = info[2].As<Napi::Object>();
  return take_listener(open_at(info[0], info[1], listen_options(given)), terms_of(given), others);
}

// listenAtPath(path, { backlog, mode, proxyProtocol, tls }, others): the same at a path of the UNIX domain. The port is
// 0.
Napi::Value HostedReactor::listen_at_path(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<HostedReactor*> others;
  bool expected = info.Length() == 3 && info[0].IsString() && info[1].IsObject();
  if (!expected || !reactors_in(info[2], &others)) {
    Napi::TypeError::New(env, "listenAtPath expects a path, options and other reactors").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  std::string path = info[0].As<Napi::String>().Utf8Value();
  Napi::Object given = info[1].As<Napi::Object>();
  net::Opened opened = net::system::open_unix_listener(path.data(), path.size(), listen_options(given));
  Napi::Value listening = take_listener(opened, terms_of(given), others);
  bool failed = listening.IsObject() && listening.As<Napi::Object>().Get("errno").IsNumber();
  // Its file is nobody's.
  if (opened.error == 0 && failed) net::system::remove_unix_file(path.c_str());
  return listening;
}

// listenOn(descriptor, { backlog, proxyProtocol, tls }, others): the same on a bound socket, of which the reactor has a
// descriptor of its own. A backlog of 0 keeps that of a socket that listens.
Napi::Value HostedReactor::listen_on(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<HostedReactor*> others;
  bool expected = info.Length() == 3 && info[0].IsNumber() && info[1].IsObject();
  if (!expected || !reactors_in(info[2], &others)) {
    Napi::TypeError::New(env, "listenOn expects a descriptor, options and other reactors").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object given = info[1].As<Napi::Object>();
  return take_listener(adopt_copy(info[0], listen_options(given)), terms_of(given), others);
}

Napi::Value HostedReactor::take_listener(net::Opened opened, const ListenerTerms& terms,
                                         const std::vector<HostedReactor*>& others) {
  Napi::Env env = Env();
  if (opened.error != 0) return failure(env, opened.error, opened.syscall);
  net::Fd listener(opened.descriptor);
  Napi::Object bound = bound_to(env, listener.get());
  if (bound.Get("errno").IsNumber()) return bound;
  for (HostedReactor* other : others) {
    int64_t copy = net::system::duplicate(listener.get());
    if (copy < 0) return failure(env, static_cast<int>(copy), "dup");
    int error = other->host_->add_listener(net::Fd(static_cast<net::Descriptor>(copy)), true, terms.proxy_headers,
                                           terms.contexts);
    if (error != 0) return failure(env, error, "listen");
  }
  int error = host_->add_listener(std::move(listener), !others.empty(), terms.proxy_headers, terms.contexts);
  if (error != 0) return failure(env, error, "listen");
  return bound;
}

// False when there is anything else in the list, or a reactor that could not be opened.
bool HostedReactor::reactors_in(const Napi::Value& value, std::vector<HostedReactor*>* reactors) {
  if (!value.IsArray()) return false;
  Napi::Array list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    auto* reactor = tagged<HostedReactor>(list.Get(i), kReactorTag);
    if (!reactor) return false;
    reactors->push_back(reactor);
  }
  return true;
}

void HostedReactor::start(const Napi::CallbackInfo&) { host_->start(); }

Napi::Value HostedReactor::lend(const Napi::CallbackInfo& info) {
  bool copies = threaded_;
  if (!copies) napi_get_value_bool(Env(), info[1], &copies);
  return Napi::Number::New(Env(), static_cast<double>(loans_.lend(info[0], copies)));
}

Napi::Value HostedReactor::losers(const Napi::CallbackInfo&) { return loans_.losers(); }

// Late replies: those that were given outside of onBatch.
Napi::Value HostedReactor::flush(const Napi::CallbackInfo& info) {
  bool at_leisure = boolean_of(info[0]);
  bool puts_off = at_leisure && may_put_off_replies();
  if (!puts_off) flush_replies(host::Timing::at_once);
  return Napi::Boolean::New(info.Env(), !puts_off);
}

// A reactor that is behind answers no sooner for more blocks, which would not be given back.
bool HostedReactor::may_put_off_replies() {
  constexpr size_t kMostReplyBlocks = 4;
  return reply_blocks_.count() >= kMostReplyBlocks && !host_->has_reply_block();
}

// setFixed(target, { status, flags, fields, body, etag }): the fields are lines, the flags the layout's.
void HostedReactor::set_fixed(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  reactor::FixedAnswer answer;
  Napi::Object given = info[1].IsObject() ? info[1].As<Napi::Object>() : Napi::Object::New(env);
  uint32_t status = uint32_of(given.Get("status")), flags = uint32_of(given.Get("flags"));
  auto bytes_of = [&](const char* name) {
    Napi::Value value = given.Get(name);
    if (!value.IsTypedArray()) return std::string();
    Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    return std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  };
  answer.fields = bytes_of("fields");
  answer.body = bytes_of("body");
  answer.etag = bytes_of("etag");
  bool valid = info[0].IsString() && status >= 200 && status <= 999 &&
               (flags & layout::kContentTypeMask) < http::kContentTypes &&
               http::are_field_lines({answer.fields.data(), answer.fields.size()});
  if (!valid) {
    Napi::TypeError::New(env, "setFixed expects a target and an answer").ThrowAsJavaScriptException();
    return;
  }
  answer.status = static_cast<uint16_t>(status);
  answer.route = static_cast<uint16_t>(std::min<uint32_t>(uint32_of(given.Get("route")), UINT16_MAX));
  answer.content_type = static_cast<uint8_t>(flags & layout::kContentTypeMask);
  answer.dated = (flags & layout::kFlagReplyDated) != 0;
  host_->set_fixed(info[0].As<Napi::String>().Utf8Value(), std::move(answer));
}

Napi::Value HostedReactor::stats(const Napi::CallbackInfo& info) {
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
  set("waits", stats.waits);
  set("receives", stats.receives);
  set("emptyReceives", stats.empty_receives);
  set("sends", stats.sends.all);
  set("fullSends", stats.sends.full);
  set("shed", stats.shed);
  set("idleTimeouts", stats.idle_timeouts);
  set("resets", stats.resets);
  set("handshakes", stats.handshakes);
  set("resumed", stats.resumed);
  Napi::Array refusals = Napi::Array::New(info.Env(), stats.refusals.size());
  for (uint32_t i = 0; i < stats.refusals.size(); i++) refusals.Set(i, static_cast<double>(stats.refusals[i]));
  object.Set("refusals", refusals);
  Napi::Object drained = Napi::Object::New(info.Env());
  drained.Set("answered", object_of(info.Env(), stats.drained.answered));
  drained.Set("cut", object_of(info.Env(), stats.drained.cut));
  drained.Set("lost", object_of(info.Env(), stats.drained.lost));
  object.Set("drained", drained);
  return object;
}

// metrics(): { routes, batches }, of all requests since the first call, or since the start with the setting `measures`.
// The numbers of a route stand behind each other, as the layout has them; routes without any are left out.
Napi::Value HostedReactor::metrics(const Napi::CallbackInfo& info) {
  if (!std::exchange(options_.metrics, metrics_)) {
    host_->order([metrics = metrics_](reactor::Reactor& reactor) { reactor.measure(metrics); });
  }
  std::vector<double> rows;
  for (size_t route = 0; route < metrics_->routes(); route++) {
    rows.resize(rows.size() + layout::kMetricsRow);
    bool is_there = metrics_->read(route, rows.data() + rows.size() - layout::kMetricsRow);
    if (!is_there) rows.resize(rows.size() - layout::kMetricsRow);
  }
  std::array<double, layout::kMetricsBatches> batches;
  metrics_->read_batches(batches.data());
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("routes", numbers(info.Env(), rows.data(), rows.size()));
  object.Set("batches", numbers(info.Env(), batches.data(), batches.size()));
  return object;
}

// measurements(forgetsMost, run): { loop, runs: [{ figures, numbers, serviceTimes, clientWaits }] }, as the layout has
// them, with the setting `measuresRuns`. Runs without any are left out, and so are all but the one that is given.
// Afterwards the most requests of a connection are those from now on, if that is wanted.
Napi::Value HostedReactor::measurements(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!options_.measurements) return env.Undefined();
  reactor::Measurements& measured = *options_.measurements;
  std::vector<double> figures(std::max<size_t>(layout::kMeasuredLoop, layout::kMeasuredRun));
  std::vector<double> counts;
  auto counts_of = [&](const reactor::HdrHistogram& histogram) {
    counts.resize(histogram.size());
    histogram.read(counts.data(), counts.size());
    return numbers(env, counts.data(), counts.size());
  };
  Napi::Array runs = Napi::Array::New(env);
  for (size_t run = 0; run < reactor::Measurements::kRuns; run++) {
    if (info[1].IsNumber() && number_of(info[1], 0) != static_cast<double>(run)) continue;
    if (!measured.read_run(run, figures.data())) continue;
    Napi::Object object = Napi::Object::New(env);
    object.Set("figures", numbers(env, figures.data(), layout::kMeasuredRun));
    counts.clear();
    measured.read_numbers(run, counts);
    object.Set("numbers", numbers(env, counts.data(), counts.size()));
    object.Set("serviceTimes", counts_of(*measured.service_times(run)));
    object.Set("clientWaits", counts_of(*measured.client_waits(run)));
    runs.Set(runs.Length(), object);
  }
  measured.read_loop(figures.data());
  Napi::Object object = Napi::Object::New(env);
  object.Set("loop", numbers(env, figures.data(), layout::kMeasuredLoop));
  object.Set("runs", runs);
  if (boolean_of(info[0])) measured.forget_most_requests();
  return object;
}

// takeLogged(into): fills an Int32Array with requests that have ended, as the layout has them: true when more are left.
Napi::Value HostedReactor::take_logged(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  bool is_room = napi_get_typedarray_info(env, info[0], &type, &length, &data, nullptr, nullptr) == napi_ok &&
                 type == napi_int32_array && length >= layout::kLogFirst + reactor::RequestLog::kMostWords;
  if (!is_room) {
    Napi::TypeError::New(env, "takeLogged expects an Int32Array with room for a request").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto* words = static_cast<uint32_t*>(data);
  words[layout::kLogEnd] = words[layout::kLogAt] = layout::kLogFirst;
  words[layout::kLogLost] = 0;
  return Napi::Boolean::New(env, options_.log && options_.log->take(words, length));
}

// paceAccepts(interval): in microseconds; 0 accepts at once, Infinity not at all.
void HostedReactor::pace_accepts(const Napi::CallbackInfo& info) {
  double interval_us = number_of(info[0], 0);
  uint64_t interval = reactor::Reactor::kAcceptsNone;
  if (!(interval_us > 0)) {
    interval = 0;
  } else if (interval_us < static_cast<double>(interval)) {
    interval = std::max(uint64_t{1}, static_cast<uint64_t>(interval_us));
  }
  host_->order([interval](reactor::Reactor& reactor) { reactor.pace_accepts(interval); });
}

// limitReceiveBuffer(bytes): of new connections; 0 is what they had before.
void HostedReactor::limit_receive_buffer(const Napi::CallbackInfo& info) {
  double bytes = std::clamp(number_of(info[0], 0), 0.0, static_cast<double>(INT32_MAX));
  host_->order([bytes](reactor::Reactor& reactor) { reactor.limit_receive_buffer(static_cast<int>(bytes)); });
}

// drain(grace): in milliseconds.
void HostedReactor::drain(const Napi::CallbackInfo& info) {
  constexpr double kMost = static_cast<double>(reactor::kNoTimeout);
  double grace_ms = number_of(info[0], 0);
  host_->drain(grace_ms > 0 ? static_cast<uint64_t>(std::min(grace_ms, kMost)) : 0);
}

void HostedReactor::close(const Napi::CallbackInfo&) { host_->close(); }

// Each call is followed by the microtasks, so that what promises resolve at once leaves with the others. It is
// JavaScript that says when the batch is done: until then its block is read.
void HostedReactor::on_batch(reactor::Batch& batch) {
  if (environment_ending_) return;
  Napi::HandleScope scope(Env());
  state_[layout::kStateInBatch] = 1;
  int32_t next =
      told(on_batch_, {Napi::Number::New(Env(), batch.block->index), Napi::Number::New(Env(), batch.events)});
  while (next != layout::kBatchDone) {
    if (next == layout::kBatchFlushes && !may_put_off_replies()) flush_replies(host::Timing::at_once);
    next = told(on_resume_, {});
  }
  state_[layout::kStateInBatch] = 0;
  flush_replies(host::Timing::with_the_batch);
  if (is_closed_) let_go_of_callbacks();
}

void HostedReactor::on_drained(host::Drained what) {
  if (environment_ending_) return;
  Napi::HandleScope scope(Env());
  call(on_drained_, {Napi::Boolean::New(Env(), what == host::Drained::connections)});
}

void HostedReactor::on_closed() {
  call(on_closed_, {});
  if (cleanup_) napi_remove_async_cleanup_hook(std::exchange(cleanup_, nullptr));
  if (environment_ending_) return;
  is_closed_ = true;
  // A handler that runs the loop within its call has its batch on the stack.
  if (state_[layout::kStateInBatch] == 0) let_go_of_callbacks();
  Unref();
}

// They hold this object: it would never be collected.
void HostedReactor::let_go_of_callbacks() {
  for (auto* function : {&on_batch_, &on_resume_, &lender_of_, &on_drained_, &on_closed_}) function->Reset();
  context_.reset();
  resource_.Reset();
}

void HostedReactor::call(Napi::FunctionReference& function, const std::initializer_list<napi_value>& arguments) {
  if (environment_ending_ || function.IsEmpty()) return;
  Napi::HandleScope scope(Env());
  function.MakeCallback(Env().Global(), arguments, *context_);
  clear_exception();
}

// What JavaScript says of the batch. It stands in the state, for a tick that throws leaves no value to return; and
// where JavaScript cannot run any more, nothing is said, and the batch is done.
int32_t HostedReactor::told(Napi::FunctionReference& function, const std::initializer_list<napi_value>& arguments) {
  state_[layout::kStateBatch] = layout::kBatchDone;
  call(function, arguments);
  return state_[layout::kStateBatch];
}

// Handlers' errors are answered in JavaScript; what comes out here goes to 'uncaughtException', as from any callback.
// In a worker that is being terminated nothing can be thrown any more.
void HostedReactor::clear_exception() {
  if (!Env().IsExceptionPending()) return;
  napi_value exception;
  if (napi_get_and_clear_last_exception(Env(), &exception) == napi_ok) napi_fatal_exception(Env(), exception);
}

void HostedReactor::flush_replies(host::Timing timing) {
  Napi::HandleScope scope(Env());
  reactor::Block* block = reply_blocks_.at(static_cast<uint32_t>(state_[layout::kStateReplyBlock]));
  if (block->words[layout::kRepliesEnd] <= layout::kRepliesFirst) return;
  reactor::Replies replies;
  replies.block = block;
  replies.bodies = loans_.take();
  host_->reply(std::move(replies), timing);
  loans_.keep([this](uint32_t place) { return lender_of(place); });
  reactor::Block* next = host_->next_reply_block();
  if (next) {
    reply_blocks_.give_up_spare(*host_);
  } else {
    next = reply_blocks_.add(Env());
  }
  // Without memory for replies nobody can be answered. It is so, too, when a worker is being terminated.
  if (!next) return host_->close();
  next->words[layout::kRepliesEnd] = layout::kRepliesFirst;
  state_[layout::kStateReplyBlock] = static_cast<int32_t>(next->index);
}

napi_value HostedReactor::lender_of(uint32_t place) {
  if (environment_ending_ || lender_of_.IsEmpty()) return Env().Undefined();
  Napi::Value lender = lender_of_.Call({Napi::Number::New(Env(), place)});
  clear_exception();
  return lender.IsEmpty() ? static_cast<napi_value>(Env().Undefined()) : static_cast<napi_value>(lender);
}

// The worker or the process ends with the server open: its sockets and handles go first.
void HostedReactor::environment_ends(napi_async_cleanup_hook_handle, void* data) {
  auto* reactor = static_cast<HostedReactor*>(data);
  reactor->environment_ending_ = true;
  reactor->host_->close();
}

}  // namespace brink::binding
