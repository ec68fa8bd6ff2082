"""The runtime under AddressSanitizer and UndefinedBehaviorSanitizer."""

import subprocess

import pytest

from fmus.compiler import find_compiler
from tests.fmus import toys
from tests.fmus.c_driver import compile_driver, run

SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def sanitizers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.c").write_text("int main(void) { return 0; }\n")
    command = [*find_compiler().command, *SANITIZERS, "probe.c", "-o", "probe"]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
        pytest.skip("this C compiler has no sanitizers")


@pytest.mark.parametrize("name", ["mixed", "sampled", "vector"])
def test_whole_lives_leak_nothing_and_stay_inside_their_memory(sanitizers, tmp_path, name):
    driver = compile_driver("whole_life", toys.ALL[name](), tmp_path, layers=True, flags=SANITIZERS)
    assert "messages" in run(driver)


def test_the_runtime_compiles_without_warnings(tmp_path):
    flags = ("-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function", "-Werror")
    compile_driver("whole_life", toys.decay(), tmp_path, layers=True, flags=flags)
