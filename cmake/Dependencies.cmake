# Every library from outside, found once. Targets to link:
#   fmt::fmt  tl::expected  tomlplusplus::tomlplusplus  CLI11::CLI11  nlohmann_json::nlohmann_json
#   OpenSSL::Crypto  zstd::zstd  SQLite::SQLite3  xxhash::xxhash  utf8proc::utf8proc  pugixml::pugixml  dtl::dtl  yaml-cpp::yaml-cpp  Threads::Threads  GTest::gtest  GTest::gmock  GTest::gmock_main
#
# Linked statically, except libc: each shared library costs a fraction of a millisecond at every start of devtask, and the
# C++ ones would bring the shared libstdc++ back as well. What is missing is collected, so that one message names all of it.

set(missing_packages "")

# devtask_find(<package> <target> <find_package arguments...>): notes <package> as missing unless <target> exists afterwards.
macro(devtask_find package target)
  find_package(${ARGN} QUIET)
  if(NOT TARGET ${target})
    list(APPEND missing_packages ${package})
  endif()
endmacro()

# devtask_find_files(<package> <variable> <header> [<archive>]): finds a library by its files, where there is no usable config
# file. Sets <variable>_INCLUDE, <variable>_ARCHIVE and <variable>_FOUND.
macro(devtask_find_files package variable header)
  find_path(${variable}_INCLUDE ${header})
  mark_as_advanced(${variable}_INCLUDE)
  set(${variable}_FOUND ${${variable}_INCLUDE})
  if(${ARGC} GREATER 3)
    find_library(${variable}_ARCHIVE ${ARGV3})
    mark_as_advanced(${variable}_ARCHIVE)
    if(NOT ${variable}_ARCHIVE)
      set(${variable}_FOUND OFF)
    endif()
  endif()
  if(NOT ${variable}_FOUND)
    list(APPEND missing_packages ${package})
  endif()
endmacro()

# devtask_import_archive(<target> <variable> [<libraries>...]): the target for what devtask_find_files found.
function(devtask_import_archive target variable)
  if(${variable}_FOUND)
    add_library(${target} STATIC IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES
      IMPORTED_LOCATION "${${variable}_ARCHIVE}"
      INTERFACE_INCLUDE_DIRECTORIES "${${variable}_INCLUDE}"
      INTERFACE_LINK_LIBRARIES "${ARGN}")
  endif()
endfunction()

find_package(Threads REQUIRED)
set(OPENSSL_USE_STATIC_LIBS ON)

devtask_find(libexpected-dev tl::expected tl-expected)
devtask_find(libcli11-dev CLI11::CLI11 CLI11 2)
devtask_find(nlohmann-json3-dev nlohmann_json::nlohmann_json nlohmann_json 3)
devtask_find(libssl-dev OpenSSL::Crypto OpenSSL 3)
devtask_find_files(libzstd-dev DEVTASK_ZSTD zstd.h libzstd.a)
devtask_import_archive(zstd::zstd DEVTASK_ZSTD Threads::Threads)
devtask_find_files(libsqlite3-dev DEVTASK_SQLITE sqlite3.h libsqlite3.a)
devtask_import_archive(SQLite::SQLite3 DEVTASK_SQLITE Threads::Threads m ${CMAKE_DL_LIBS})
devtask_find_files(libxxhash-dev DEVTASK_XXHASH xxhash.h libxxhash.a)
devtask_import_archive(xxhash::xxhash DEVTASK_XXHASH)
devtask_find_files(libutf8proc-dev DEVTASK_UTF8PROC utf8proc.h libutf8proc.a)
devtask_import_archive(utf8proc::utf8proc DEVTASK_UTF8PROC)
devtask_find_files(libpugixml-dev DEVTASK_PUGIXML pugixml.hpp libpugixml.a)
devtask_import_archive(pugixml::pugixml DEVTASK_PUGIXML)

# Header-only, without a config file.
devtask_find_files(libdtl-dev DEVTASK_DTL dtl/dtl.hpp)
if(DEVTASK_DTL_FOUND)
  add_library(dtl::dtl INTERFACE IMPORTED GLOBAL)
  target_include_directories(dtl::dtl INTERFACE "${DEVTASK_DTL_INCLUDE}")
endif()

# Debian's config file would select the shared library.
devtask_find_files(libyaml-cpp-dev DEVTASK_YAML_CPP yaml-cpp/yaml.h libyaml-cpp.a)
devtask_import_archive(yaml-cpp::yaml-cpp DEVTASK_YAML_CPP)

# toml++ only as headers: Debian's config file would select its shared library.
devtask_find_files(libtomlplusplus-dev DEVTASK_TOMLPLUSPLUS toml++/toml.h)
if(DEVTASK_TOMLPLUSPLUS_FOUND)
  add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED GLOBAL)
  target_include_directories(tomlplusplus::tomlplusplus INTERFACE "${DEVTASK_TOMLPLUSPLUS_INCLUDE}")
endif()

# {fmt} as an archive of our own (fmt_archive.cpp says why). It names functions of versions 9 and 10; with another one
# devtask links the shared library and starts a little slower.
devtask_find_files(libfmt-dev DEVTASK_FMT fmt/format-inl.h)
if(DEVTASK_FMT_FOUND)
  file(STRINGS "${DEVTASK_FMT_INCLUDE}/fmt/core.h" fmt_version REGEX "^#define FMT_VERSION (9|10)[0-9][0-9][0-9][0-9]$")
  if(fmt_version)
    add_library(devtask_fmt STATIC "${CMAKE_CURRENT_LIST_DIR}/fmt_archive.cpp")
    target_include_directories(devtask_fmt SYSTEM PUBLIC "${DEVTASK_FMT_INCLUDE}")
    target_link_libraries(devtask_fmt PUBLIC devtask_sanitizers)
    add_library(fmt::fmt ALIAS devtask_fmt)
  else()
    find_package(fmt 9 REQUIRED)
  endif()
endif()

if(DEVTASK_TESTS)
  devtask_find(libgtest-dev GTest::gtest GTest)
  if(NOT TARGET GTest::gmock)
    list(APPEND missing_packages libgmock-dev)
  endif()
endif()

if(missing_packages)
  list(JOIN missing_packages " " missing_packages)
  message(FATAL_ERROR
    "libraries are missing; on Debian or Ubuntu install them with\n"
    "  apt-get install --no-install-recommends ${missing_packages}\n"
    "and configure again (./devtaskw does both).")
endif()
