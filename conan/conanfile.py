"""The Conan 2 recipe: builds klientela::klientela and klientela::c from this tree (conan create conan)."""

from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class Klientela(ConanFile):
    name = "klientela"
    description = "Classifies client bases from purchases and contacts: RFM, ABC, contact matrix"
    license = "Apache-2.0"
    topics = ("crm", "rfm", "abc-analysis", "segmentation")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "with_phonenumber": [True, False]}
    default_options = {"shared": False, "fPIC": True, "with_phonenumber": False}
    implements = ["auto_shared_fpic"]

    def set_version(self):
        self.version = load(self, Path(self.recipe_folder).parent / "VERSION").strip()

    def export_sources(self):
        root = Path(self.recipe_folder).parent
        for pattern in ("CMakeLists.txt", "VERSION", "LICENSE", "cmake/*", "include/*", "src/*", "capi/*"):
            copy(self, pattern, src=str(root), dst=self.export_sources_folder)

    def requirements(self):
        self.requires("nlohmann_json/[>=3.9 <4]", visible=False)
        self.requires("eigen/[>=3.3]", visible=False)
        self.requires("boost/[>=1.74]", visible=False, options={"header_only": True})
        self.requires("fmt/[>=8]")
        self.requires("date/[>=3]")
        self.requires("icu/[>=60]")
        if self.options.with_phonenumber:
            self.requires("libphonenumber/[>=8.12]")

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["KLIENTELA_BUILD_TESTS"] = False
        toolchain.cache_variables["KLIENTELA_BUILD_CAPI"] = True
        toolchain.cache_variables["KLIENTELA_INSTALL"] = True
        toolchain.cache_variables["KLIENTELA_WITH_PHONENUMBER"] = bool(self.options.with_phonenumber)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=str(Path(self.package_folder) / "licenses"))
        CMake(self).install()

    def package_info(self):
        # Consumers read the package's own klientelaConfig.cmake, the same as without Conan.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/klientela"]
        self.cpp_info.set_property("pkg_config_name", "klientela")
        self.cpp_info.libs = ["klientela", "klientela_c"]
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
