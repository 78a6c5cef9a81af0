// Folders and files, as TypeScript sees them. An error is a negative errno, given back and not thrown: that a file is
// not there is nothing out of the ordinary.
//
//   new Folder(path)         throws an Error with `errno` when there is no such folder
//     .open(relative)        a File beneath it, or an errno
//     .refresh()             looks whether the path names another folder by now, and takes that: an errno when it is
//     gone
//   openFile(path, root?)    a File, by a path of the system's own, or by one beneath a folder; or an errno
//   File: size, mtimeMs, ctimeMs, version
//     .read(into, offset)    how many bytes were read, fewer than there is room for only at the end; or an errno
//     .close()               lets go of it; whoever is sending it still has it
//     .isSameAs(file)        whether both are the same file of the same disk
#pragma once

#include <napi.h>

#include <memory>

#include "net/file.h"

namespace brink::binding {

void define_files(Napi::Env env, Napi::Object exports);

// The file of a File object; null for any other value, and for a file that was closed.
std::shared_ptr<net::File> file_of(const Napi::Value& value);
// Lets go of it for JavaScript, as its close() does.
void close_file(const Napi::Value& value);

}  // namespace brink::binding
