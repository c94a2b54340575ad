# devtask_module(NAME x [DEPS a b ...] [LIBS fmt::fmt ...])
#
# Makes the static library devtask_x (alias devtask::x) from all *.cpp in the calling folder, except main.cpp. DEPS names the
# modules that this one may include and link; tests/include_rule compares it with the #include lines. LIBS are libraries
# from outside.
function(devtask_module)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "DEPS;LIBS")
  devtask_reject_leftovers(devtask_module "${arg_UNPARSED_ARGUMENTS}")
  if(NOT arg_NAME)
    message(FATAL_ERROR "devtask_module: NAME is missing")
  endif()

  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

  if(sources)
    add_library(devtask_${arg_NAME} STATIC ${sources})
    set(visibility PUBLIC)
    target_link_libraries(devtask_${arg_NAME} PRIVATE devtask_warnings PUBLIC devtask_sanitizers)
  else()
    # A module of headers only has nothing to archive.
    add_library(devtask_${arg_NAME} INTERFACE)
    set(visibility INTERFACE)
  endif()
  add_library(devtask::${arg_NAME} ALIAS devtask_${arg_NAME})

  target_include_directories(devtask_${arg_NAME} ${visibility} "${CMAKE_SOURCE_DIR}/src")
  foreach(dep IN LISTS arg_DEPS)
    # The subdirectories are added in level order, so a dependency that is not there yet is one that points upward.
    if(NOT TARGET devtask::${dep})
      message(FATAL_ERROR "devtask_module(${arg_NAME}): DEPS names `${dep}`, which is no module of a lower level")
    endif()
    target_link_libraries(devtask_${arg_NAME} ${visibility} devtask::${dep})
  endforeach()
  target_link_libraries(devtask_${arg_NAME} ${visibility} ${arg_LIBS})

  list(JOIN arg_DEPS " " deps)
  string(STRIP "${arg_NAME}: ${deps}" line)
  set_property(GLOBAL APPEND PROPERTY DEVTASK_MODULES "${line}")
endfunction()

# devtask_executable(NAME devtask SOURCES main.cpp DEPS cli [LIBS ...])
#
# Makes an executable in ${CMAKE_BINARY_DIR}/bin from SOURCES and modules.
function(devtask_executable)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;DEPS;LIBS")
  devtask_reject_leftovers(devtask_executable "${arg_UNPARSED_ARGUMENTS}")
  list(TRANSFORM arg_DEPS PREPEND devtask::)
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE
    devtask_warnings devtask_sanitizers devtask_static_runtime ${arg_DEPS} ${arg_LIBS})
endfunction()

# Writes one line "name: dep dep" for each module, for the include rule's test.
function(devtask_write_module_list file)
  get_property(modules GLOBAL PROPERTY DEVTASK_MODULES)
  list(JOIN modules "\n" text)
  file(CONFIGURE OUTPUT "${file}" CONTENT "${text}\n" @ONLY)
endfunction()

function(devtask_reject_leftovers function leftovers)
  if(leftovers)
    message(FATAL_ERROR "${function}: unknown arguments: ${leftovers}")
  endif()
endfunction()
