#include "binding/file.h"

#include <cinttypes>
#include <cstdio>
#include <string>
#include <utility>

#include "binding/errors.h"
#include "binding/values.h"

namespace brink::binding {
namespace {

constexpr napi_type_tag kFileTag = {0x6272696e6b2d6669, 0x6c652d6f70656e31};

// What the garbage collector is told that an open file weighs. A descriptor is scarcer than the memory of the object
// that owns it: told less, it would leave thousands of them for later.
constexpr int64_t kWeight = 64 * 1024;

class FileObject final : public Napi::ObjectWrap<FileObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "File",
                       {
                           InstanceAccessor<&FileObject::size>("size"),
                           InstanceAccessor<&FileObject::modified_ms>("mtimeMs"),
                           InstanceAccessor<&FileObject::changed_ms>("ctimeMs"),
                           InstanceAccessor<&FileObject::version>("version"),
                           InstanceMethod<&FileObject::read>("read"),
                           InstanceMethod<&FileObject::close>("close"),
                           InstanceMethod<&FileObject::is_same_as>("isSameAs"),
                       });
  }

  // Made by wrap() alone, which hands the file over.
  explicit FileObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FileObject>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
      Napi::TypeError::New(info.Env(), "A File is made by opening one").ThrowAsJavaScriptException();
      return;
    }
    file_ = std::move(*info[0].As<Napi::External<std::shared_ptr<net::File>>>().Data());
    facts_ = file_->facts();
    info.This().As<Napi::Object>().TypeTag(&kFileTag);
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), kWeight);
  }

  void Finalize(Napi::BasicEnv env) override { let_go(env); }

  void let_go(Napi::BasicEnv env) {
    if (!file_) return;
    file_.reset();
    Napi::MemoryManagement::AdjustExternalMemory(env, -kWeight);
  }

  const std::shared_ptr<net::File>& file() const { return file_; }

 private:
  Napi::Value size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(facts_.size));
  }

  Napi::Value modified_ms(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(facts_.modified_ns) / 1e6);
  }

  Napi::Value changed_ms(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(facts_.changed_ns) / 1e6);
  }

  // Differs for files that differ: the size, and a hash of the times, the inode and the device, which are nobody's
  // business.
  Napi::Value version(const Napi::CallbackInfo& info) {
    uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (uint64_t part : {static_cast<uint64_t>(facts_.modified_ns), static_cast<uint64_t>(facts_.changed_ns),
                          facts_.inode, facts_.device}) {
      for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ (part >> shift & 0xff)) * 1099511628211u;
    }
    char text[40];
    int length = std::snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64, facts_.size, hash);
    return Napi::String::New(info.Env(), text, static_cast<size_t>(length));
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info.Length() < 2 || !info[0].IsTypedArray() || !info[1].IsNumber()) {
      Napi::TypeError::New(env, "read expects bytes to read into, and an offset").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    if (!file_) return errno_of(env, -EBADF);
    Napi::Uint8Array into = info[0].As<Napi::Uint8Array>();
    int64_t offset = info[1].As<Napi::Number>().Int64Value();
    if (offset < 0) return errno_of(env, -EINVAL);
    size_t total = 0;
    while (total < into.ByteLength()) {
      int64_t got = net::system::read_at(file_->descriptor(), static_cast<uint64_t>(offset) + total,
                                         reinterpret_cast<char*>(into.Data()) + total, into.ByteLength() - total);
      if (got < 0) return errno_of(env, got);
      if (got == 0) break;
      total += static_cast<size_t>(got);
    }
    return Napi::Number::New(env, static_cast<double>(total));
  }

  void close(const Napi::CallbackInfo& info) { let_go(info.Env()); }

  // For those that were closed, too.
  Napi::Value is_same_as(const Napi::CallbackInfo& info) {
    const auto* other = tagged<FileObject>(info[0], kFileTag);
    if (!other) {
      Napi::TypeError::New(info.Env(), "isSameAs expects a File").ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
    bool is_same = facts_.inode == other->facts_.inode && facts_.device == other->facts_.device;
    return Napi::Boolean::New(info.Env(), is_same);
  }

  std::shared_ptr<net::File> file_;
  net::FileFacts facts_;
};

// What there is once for each environment that has loaded the addon.
struct Classes {
  Napi::FunctionReference file;
};

Napi::Value wrap(Napi::Env env, net::OpenResult<net::File> result) {
  if (result.error != 0) return errno_of(env, result.error);
  auto* classes = env.GetInstanceData<Classes>();
  return classes->file.New({Napi::External<std::shared_ptr<net::File>>::New(env, &result.opened)});
}

// False when it is no text that could be a path: the system would read it to its first NUL only.
bool path_from(const Napi::Value& value, std::string* path) {
  if (!value.IsString()) return false;
  *path = value.As<Napi::String>().Utf8Value();
  return path->find('\0') == std::string::npos;
}

class FolderObject final : public Napi::ObjectWrap<FolderObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Folder",
                       {
                           InstanceMethod<&FolderObject::open>("open"),
                           InstanceMethod<&FolderObject::refresh>("refresh"),
                       });
  }

  explicit FolderObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FolderObject>(info) {
    int error = path_from(info[0], &path_) ? refreshed() : -ENOENT;
    if (error == 0) return;
    Napi::Error failed = Napi::Error::New(info.Env(), "the folder could not be opened");
    failed.Set("errno", errno_of(info.Env(), error));
    failed.ThrowAsJavaScriptException();
  }

 private:
  Napi::Value open(const Napi::CallbackInfo& info) {
    std::string path;
    if (!path_from(info[0], &path)) return errno_of(info.Env(), -ENOENT);
    return wrap(info.Env(), net::open_beneath(*folder_, path.c_str()));
  }

  Napi::Value refresh(const Napi::CallbackInfo& info) { return errno_of(info.Env(), refreshed()); }

  int refreshed() {
    net::OpenResult<net::Folder> now = net::open_folder(path_.c_str());
    if (now.opened && !(folder_ && folder_->is_same_as(*now.opened))) folder_ = std::move(now.opened);
    return now.error;
  }

  std::string path_;
  std::shared_ptr<net::Folder> folder_;
};

net::OpenResult<net::File> open_beneath(const std::string& root, const std::string& path) {
  net::OpenResult<net::Folder> folder = net::open_folder(root.c_str());
  if (folder.error != 0) return {nullptr, folder.error};
  return net::open_beneath(*folder.opened, path.c_str());
}

Napi::Value open_file(const Napi::CallbackInfo& info) {
  std::string path, root;
  if (!path_from(info[0], &path)) return errno_of(info.Env(), -ENOENT);
  if (info[1].IsUndefined()) return wrap(info.Env(), net::open_file(path.c_str()));
  if (!path_from(info[1], &root)) return errno_of(info.Env(), -ENOENT);
  return wrap(info.Env(), open_beneath(root, path));
}

}  // namespace

void define_files(Napi::Env env, Napi::Object exports) {
  auto classes = std::make_unique<Classes>();
  classes->file = Napi::Persistent(FileObject::define(env));
  env.SetInstanceData(classes.release());
  exports.Set("Folder", FolderObject::define(env));
  exports.Set("openFile", Napi::Function::New(env, open_file, "openFile"));
}

std::shared_ptr<net::File> file_of(const Napi::Value& value) {
  const auto* object = tagged<FileObject>(value, kFileTag);
  return object ? object->file() : nullptr;
}

void close_file(const Napi::Value& value) {
  if (auto* object = tagged<FileObject>(value, kFileTag)) object->let_go(value.Env());
}

}  // namespace brink::binding
