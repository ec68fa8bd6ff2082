"""What the documentation shows works as shown."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def run(code, folder):
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_the_example_of_the_readme_prints_what_the_readme_says(tmp_path):
    (example,) = blocks(ROOT / "README.md", "python")
    (promised,) = re.findall(r"^prints `([^`]+)`", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert len(example.splitlines()) <= 24
    done = run(example, tmp_path)
    assert done.stdout.strip() == promised, done.stderr


def test_the_model_of_the_documentation_builds(tmp_path):
    (example,) = blocks(ROOT / "docs" / "building.md", "python")
    done = run(example, tmp_path)
    built = [tmp_path / path for path in done.stdout.split()]
    assert len(built) == 2, done.stderr
    assert all(path.is_file() for path in built)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_block_compiles(page):
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page):
    named = set(re.findall(r"`((?:tests|benchmarks|examples|docs)/[\w./]+)`", page.read_text()))
    named |= {link for link in re.findall(r"\]\(([\w./]+\.(?:md|png))\)", page.read_text()) if page.parent == ROOT}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_descriptions_in_the_documentation_are_valid(tmp_path):
    from orchestrator.system.yaml.file import read_system
    from orchestrator.system.yaml.loader import load

    for page in PAGES:
        folder = tmp_path / page.stem
        folder.mkdir()
        written = []
        for number, block in enumerate(blocks(page, "yaml")):
            # A first line such as `# plant.yaml` names the file for the other blocks of the page.
            named = re.match(r"# ([\w.]+\.yaml)\n", block)
            path = folder / (named[1] if named else f"{number}.yaml")
            path.write_text(block)
            if "name" in (load(block, page.name).data or ()):
                written.append(path)
        assert all(read_system(path).components for path in written)
