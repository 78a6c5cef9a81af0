#include "uv.h"

#include <algorithm>

namespace {

int add(uv_loop_t* loop, uv_handle_t* handle, void (*due)(uv_handle_t*), bool active) {
  handle->loop = loop;
  handle->due = due;
  handle->active = active;
  handle->closing = false;
  loop->handles.push_back(handle);
  return 0;
}

template <typename Handle, typename Callback>
int start(Handle* handle, Callback callback) {
  handle->callback = callback;
  handle->active = true;
  return 0;
}

int stop(uv_handle_t* handle) {
  handle->active = false;
  return 0;
}

}  // namespace

bool uv_loop_t::turn() {
  std::vector<uv_handle_t*> before = handles;
  for (uv_handle_t* handle : before) {
    if (handle->active && !handle->closing) handle->due(handle);
  }
  before = handles;
  for (uv_handle_t* handle : before) {
    if (!handle->closing) continue;
    handles.erase(std::find(handles.begin(), handles.end(), handle));
    handle->closed(handle);
  }
  return !handles.empty();
}

int uv_async_init(uv_loop_t* loop, uv_async_t* handle, void (*callback)(uv_async_t*)) {
  handle->callback = callback;
  handle->sent = false;
  auto due = [](uv_handle_t* each) {
    auto* async = static_cast<uv_async_t*>(each);
    if (async->sent.exchange(false)) async->callback(async);
  };
  return add(loop, handle, due, true);
}

int uv_async_send(uv_async_t* handle) {
  handle->sent = true;
  return 0;
}

int uv_idle_init(uv_loop_t* loop, uv_idle_t* handle) {
  auto due = [](uv_handle_t* each) {
    auto* idle = static_cast<uv_idle_t*>(each);
    idle->callback(idle);
  };
  return add(loop, handle, due, false);
}

int uv_idle_start(uv_idle_t* handle, void (*callback)(uv_idle_t*)) { return start(handle, callback); }

int uv_idle_stop(uv_idle_t* handle) { return stop(handle); }

// Readable at all times, which a level-triggered loop may say.
int uv_poll_init(uv_loop_t* loop, uv_poll_t* handle, int) {
  auto due = [](uv_handle_t* each) {
    auto* poll = static_cast<uv_poll_t*>(each);
    poll->callback(poll, 0, UV_READABLE);
  };
  return add(loop, handle, due, false);
}

int uv_poll_start(uv_poll_t* handle, int, void (*callback)(uv_poll_t*, int, int)) { return start(handle, callback); }

int uv_timer_init(uv_loop_t* loop, uv_timer_t* handle) {
  return add(
      loop, handle, [](uv_handle_t*) {}, false);
}

int uv_timer_start(uv_timer_t* handle, void (*callback)(uv_timer_t*), uint64_t, uint64_t) {
  return start(handle, callback);
}

int uv_timer_stop(uv_timer_t* handle) { return stop(handle); }

int uv_is_active(const uv_handle_t* handle) { return handle->active; }

void uv_ref(uv_handle_t*) {}

void uv_unref(uv_handle_t*) {}

void uv_close(uv_handle_t* handle, uv_close_cb closed) {
  handle->closed = closed;
  handle->closing = true;
}
