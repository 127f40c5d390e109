# Packages, made by `cpack` (scripts/package builds and calls it):
#
# DEB  what `cmake --install` installs, for everybody; its folder of documents is a component of its own
# TGZ  for one user: an archive with install.sh. Its files are a component of their own, because those that
#      `cmake --install` installs have absolute places
#
# SPDX-License-Identifier: GPL-2.0-or-later

file(GLOB HIK_READMES CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" README*.md)
file(GLOB_RECURSE HIK_DOCS CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" docs/*.md docs/*.png profile/*.png)

# hik_install_documents(FOLDER COMPONENT): as they lie in the repository, so that their links work.
function(hik_install_documents folder component)
    install(FILES ${HIK_READMES} CHANGELOG.md DESTINATION "${folder}" COMPONENT ${component} EXCLUDE_FROM_ALL)
    foreach(file ${HIK_DOCS})
        get_filename_component(place "${folder}/${file}" DIRECTORY)
        string(REGEX REPLACE "^\\./" "" place "${place}")
        install(FILES "${file}" DESTINATION "${place}" COMPONENT ${component} EXCLUDE_FROM_ALL)
    endforeach()
endfunction()

# ---- TGZ
install(TARGETS hikcascade LIBRARY DESTINATION "plugins/${HIK_WS_XY}/epan" NAMELINK_SKIP COMPONENT archive EXCLUDE_FROM_ALL)
install(FILES ${HIK_PROFILE_FILES} DESTINATION profile COMPONENT archive EXCLUDE_FROM_ALL)
install(PROGRAMS report/hikcascade-report DESTINATION bin COMPONENT archive EXCLUDE_FROM_ALL)
install(FILES ${HIK_REPORT_FILES} DESTINATION share/hikcascade/hikcascade_report COMPONENT archive EXCLUDE_FROM_ALL)
install(FILES "${HIK_MAN_7}" DESTINATION share/man/man7 COMPONENT archive EXCLUDE_FROM_ALL)
install(FILES "${HIK_MAN_1}" DESTINATION share/man/man1 COMPONENT archive EXCLUDE_FROM_ALL)
install(PROGRAMS packaging/install.sh DESTINATION . COMPONENT archive EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION . COMPONENT archive EXCLUDE_FROM_ALL)
hik_install_documents(. archive)

# ---- DEB
set(HIK_DEB_VERSION "${HIK_VERSION}+wireshark${HIK_WS_XY}")
set(HIK_MAINTAINER "hikcascade developers <hikcascade@hikcascade.invalid>")
set(HIK_DEB_DOCUMENTS "${HIK_PREFIX}/share/doc/hikcascade")
find_program(HIK_SHLIBDEPS dpkg-shlibdeps)
hik_install_documents("${HIK_DEB_DOCUMENTS}" debian)
install(FILES packaging/copyright DESTINATION "${HIK_DEB_DOCUMENTS}" COMPONENT debian EXCLUDE_FROM_ALL)
string(TIMESTAMP day "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${CMAKE_BINARY_DIR}/debian/changelog" "hikcascade (${HIK_DEB_VERSION}) unstable; urgency=medium

  * What changed stands in CHANGELOG.md.

 -- ${HIK_MAINTAINER}  ${day}
")
execute_process(COMMAND gzip -9nf "${CMAKE_BINARY_DIR}/debian/changelog")
install(FILES "${CMAKE_BINARY_DIR}/debian/changelog.gz" DESTINATION "${HIK_DEB_DOCUMENTS}" COMPONENT debian EXCLUDE_FROM_ALL)

# A plugin fits one x.y. Debian gives each x.y a libwireshark package of its own, which dpkg-shlibdeps finds; the range
# makes apt say so when tshark is going to be another x.y, where the plugin would be gone without a word.
math(EXPR next "${Wireshark_MINOR_VERSION} + 1")
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "tshark (>= ${HIK_WS_XY}~), tshark (<< ${Wireshark_MAJOR_VERSION}.${next}~), python3")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "wireshark, ffmpeg")
set(CPACK_DEBIAN_PACKAGE_NAME hikcascade)
set(CPACK_DEBIAN_PACKAGE_VERSION "${HIK_DEB_VERSION}")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${HIK_MAINTAINER}")
# Below the project's own, as its first line.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Annotates the SIP of GB/T 28181 platforms, ties RTP and RTCP to their calls,
takes MPEG program streams apart, and gives each call a verdict: why there is
no video, in one sentence.
.
With a Wireshark profile, and hikcascade-report, which makes HTML pages of
captures.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_GENERATOR TGZ)
if(HIK_SHLIBDEPS AND NOT HIK_INSTALL_PERSONAL)
    list(APPEND CPACK_GENERATOR DEB)
endif()
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_CURRENT_SOURCE_DIR}/packaging/cpack.cmake")
set(CPACK_PACKAGE_FILE_NAME "hikcascade-${HIK_VERSION}-wireshark-${HIK_WS_XY}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
