import matplotlib.pyplot as plt
import numpy as np

from lrdecay_core.experiments.networks.scaling_up import PhaseDiagram
from lrdecay_core.figures.scaling_up import plot_phase_diagram


def test_cells_rings_and_crosses_stand_where_the_numbers_say():
    error = np.array([[0.3, 0.1, 0.2, 0.4], [0.5, 0.6, 0.4, np.nan], [np.nan] * 4])
    result = PhaseDiagram(
        rates=np.array([0.1, 0.2, 0.3]), decay=np.array([0.1, 0.2, 0.5, 1]), test_error=error[:, :, None]
    )
    ax = plot_phase_diagram(result)
    mesh = ax.collections[0].get_array()
    np.testing.assert_array_equal(mesh.filled(np.nan), 100 * error)
    rings = {(int(m.get_xdata()[0]), int(m.get_ydata()[0])) for m in ax.lines if m.get_marker() == "o"}
    crosses = {(int(m.get_xdata()[0]), int(m.get_ydata()[0])) for m in ax.lines if m.get_marker() == "x"}
    assert rings == {(1, 0), (2, 1)}
    assert crosses == {(3, 1), (0, 2), (1, 2), (2, 2), (3, 2)}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["10", "20", "50", "100"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0.1", "0.2", "0.3"]
    plt.close(ax.figure)
